/// The seam between coroutines and what takes time. Backends: io_uring (uring_ring.hpp), epoll
/// (epoll_ring.hpp), the simulation of the tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "io/clock.hpp"
#include "io/fd.hpp"
#include "io/op.hpp"
#include "io/result.hpp"

namespace uflush {

/// Performs ops. Used by one thread only: the one that runs the loop.
class Ring {
 public:
  Ring() = default;
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;
  virtual ~Ring() = default;

  /// Takes `op` in: it is in the kernel from here on. Never blocks, never fails: a failure is a completion.
  virtual void submit(Op& op) = 0;

  /// Asks for an early end of an op in the kernel. Its completion comes all the same, with ECANCELED or with
  /// what it had become by then.
  virtual void cancel(Op& op) = 0;

  /// Sends bytes of static lifetime, or closes, without anybody waiting: whoever reads or closes that
  /// descriptor next learns of a failure. Runs in order with what is submitted for the same descriptor in the
  /// same turn. Neither ever stays under way: what the socket does not take at once is lost, so that a peer
  /// that does not read holds nothing of ours once we have closed. Hence only for what fits into the buffer
  /// of a socket that has nothing else to send.
  virtual void post_send(int fd, std::span<const std::byte> constant) = 0;
  virtual void post_close(Fd fd) = 0;

  /// Hands over what was submitted, and appends the ops that completed to `completed` (each once, whatever it
  /// completed). Waits for the first completion until `until`; no time limit when empty; a moment that is
  /// past means: do not wait.
  virtual void turn(std::optional<Instant> until, std::vector<Op*>& completed) = 0;

  /// How many ops may be under way at the same time and each of them still gets ahead. Those beyond begin
  /// when others have completed.
  [[nodiscard]] virtual std::size_t ops_max() const noexcept { return SIZE_MAX; }

  /// Completions wait to be gathered: a turn now would bring some at once. A cheap look, may miss some.
  [[nodiscard]] virtual bool has_news() const noexcept { return false; }

  /// News have come for the loop's thread that it has not begun to take: it may lack a processor. Any thread
  /// may ask, for nothing.
  [[nodiscard]] virtual bool is_waited_for() const noexcept { return false; }

  /// Takes a connection off a listening socket. Never waits: EAGAIN when there is none.
  [[nodiscard]] virtual Result<Fd> accept(int listener) = 0;

  /// A new UNIX stream socket, non-blocking.
  [[nodiscard]] virtual Result<Fd> unix_socket() = 0;
};

}  // namespace uflush
