#include "io/op.hpp"

namespace uflush::op {
namespace {

template <typename Value>
Result<Value> count_or_error(std::int32_t res) {
  if (res < 0) return Error{-res};
  return static_cast<Value>(res);
}

Result<void> nothing_or_error(std::int32_t res) {
  if (res < 0) return Error{-res};
  return outcome::success();
}

}  // namespace

Result<Poll::Value> Poll::to_result(std::int32_t res) {
  return count_or_error<Value>(res);
}
Result<Recv::Value> Recv::to_result(std::int32_t res) {
  return count_or_error<Value>(res);
}
Result<Send::Value> Send::to_result(std::int32_t res) {
  return count_or_error<Value>(res);
}
Result<void> Connect::to_result(std::int32_t res) {
  return nothing_or_error(res);
}
Result<void> Close::to_result(std::int32_t res) {
  return nothing_or_error(res);
}
Result<void> Sync::to_result(std::int32_t res) {
  return nothing_or_error(res);
}

}  // namespace uflush::op

namespace uflush {

bool Op::has_more_to_send() noexcept {
  auto* send = std::get_if<op::Send>(&args);
  if (send == nullptr) return false;
  if (result > 0) {
    sent += result;
    send->from = send->from.subspan(static_cast<std::size_t>(result));
    if (!send->from.empty() && !cancelled) return true;
  }
  if (sent > 0) result = sent;
  return false;
}

}  // namespace uflush
