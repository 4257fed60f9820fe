/// `-S`: standard input and output as one client (BEHAVIOUR.md 1.13).
#pragma once

#include <memory>
#include <thread>

#include "io/fd.hpp"
#include "io/result.hpp"

namespace uflush {

/// A socket that leads to standard input and output. When those are one socket it is that; otherwise
/// (terminal, pipes) two threads copy, which the reference cannot do.
class StdioSocket {
 public:
  [[nodiscard]] static Result<std::unique_ptr<StdioSocket>> open();
  StdioSocket(const StdioSocket&) = delete;
  StdioSocket& operator=(const StdioSocket&) = delete;
  /// Waits until everything has been written to standard output.
  ~StdioSocket();

  /// The end for the server, which closes it; once.
  [[nodiscard]] Fd take() noexcept { return std::move(server_end_); }

 private:
  StdioSocket() = default;

  Fd server_end_;
  Fd our_end_;
  std::thread to_stdout_;
};

}  // namespace uflush
