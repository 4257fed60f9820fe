/// SIGTERM and SIGINT as something that the loop can wait for.
#pragma once

#include "io/fd.hpp"

namespace uflush {

/// From its making on the two signals no longer kill; they are heard here. signalfd(2) tells of them, or,
/// where that cannot be had (descriptors, seccomp), a handler that writes to a pipe. Where neither can be had
/// they kill, as they do without us: a daemon that does not hear of its end would have to be killed harder.
///
/// To be made before any thread starts, once in a process.
class EndSignals {
 public:
  EndSignals();
  EndSignals(const EndSignals&) = delete;
  EndSignals& operator=(const EndSignals&) = delete;
  ~EndSignals();

  /// Becomes readable with a signal; -1 when they kill.
  [[nodiscard]] int fd() const noexcept { return readable_.get(); }
  /// Takes what has come. False when nothing has.
  [[nodiscard]] bool take() const noexcept;

 private:
  void use_handler();

  Fd readable_;
  Fd handlers_end_;  ///< of the pipe
};

}  // namespace uflush
