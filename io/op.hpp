/// A request to the kernel as plain data, and the object that carries it there and back.
///
/// Life of an op: `idle` -> submit -> `in_kernel` -> its completion -> `done`. Asking to cancel is a wish:
/// only the op's own completion ends it, and until then the kernel may touch whatever its arguments point at.
/// A multishot poll completes many times and stays `in_kernel` until a completion says that no more will
/// come.
#pragma once

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <variant>

#include <sys/un.h>

#include "io/check.hpp"
#include "io/result.hpp"

namespace uflush::op {

/// Waits until one of `events` (POLLIN...) is there. The result is the set of events.
struct Poll {
  using Value = std::uint32_t;
  int fd;
  std::uint32_t events;
  bool multishot = false;
  static Result<Value> to_result(std::int32_t res);
};

/// Receives what is there, at least one byte; 0 means that the peer has finished sending. EAGAIN when there
/// is nothing and `wait` is not set.
struct Recv {
  using Value = std::size_t;
  int fd;
  std::span<std::byte> into;
  bool wait = true;
  static Result<Value> to_result(std::int32_t res);
};

/// Sends everything; a smaller count means that the peer went away, or that the op was cancelled, midway.
///
/// A ring may complete it when the socket has taken a part only (Linux before 5.19 does, in spite of
/// MSG_WAITALL): the loop then submits the rest (Op::has_more_to_send).
struct Send {
  using Value = std::size_t;
  int fd;
  std::span<const std::byte> from;
  static Result<Value> to_result(std::int32_t res);
};

/// Connects a non-blocking UNIX socket. `address` is the caller's and lives until completion.
struct Connect {
  using Value = void;
  int fd;
  const sockaddr_un* address;
  static Result<Value> to_result(std::int32_t res);
};

struct Close {
  using Value = void;
  int fd;
  static Result<Value> to_result(std::int32_t res);
};

/// fdatasync: the data, and what is needed to find it again.
struct Sync {
  using Value = void;
  int fd;
  static Result<Value> to_result(std::int32_t res);
};

}  // namespace uflush::op

namespace uflush {

using OpArgs = std::variant<op::Poll, op::Recv, op::Send, op::Connect, op::Close, op::Sync>;
static_assert(std::is_trivially_destructible_v<OpArgs>);

/// One request under way. Lives in the frame of the coroutine that waits for it and cannot move; destroying
/// it while it is in the kernel is a bug of ours and aborts.
class Op {
 public:
  enum class Phase : std::uint8_t { idle, in_kernel, done };

  explicit Op(OpArgs arguments) noexcept : args(arguments) {}
  Op(const Op&) = delete;
  Op& operator=(const Op&) = delete;
  ~Op() { FLUSH_ASSERT(phase != Phase::in_kernel); }

  /// After a completion: takes note of what a send has got rid of. True when there is a rest, to which the
  /// arguments have been set: the op has to be submitted again. False: the op is over, and its result is that
  /// of all its parts.
  [[nodiscard]] bool has_more_to_send() noexcept;

  OpArgs args;
  std::coroutine_handle<> waiter;  ///< resumed by the loop after a completion, when set
  std::int32_t result = 0;         ///< as in a CQE: a count, or a negative errno
  std::int32_t sent = 0;           ///< by the parts of a send that are over
  Phase phase = Phase::idle;
  bool collected = false;  ///< in the ring's list of completed ops of this turn
  bool cancelled = false;  ///< somebody has asked for an early end: no further part is to begin
};

}  // namespace uflush
