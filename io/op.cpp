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
