#include "tools/uflush/open_ring.hpp"

#include <string>
#include <utility>
#include <variant>

#include "io/epoll_ring.hpp"
#include "io/optional_calls.hpp"
#include "io/uring_ring.hpp"

namespace uflush {
namespace {

OrFatal<std::unique_ptr<Ring>> open_epoll(Log& log) {
  auto ring = EpollRing::create();
  if (!ring) return Fatal{"epoll: " + ring.error().message()};
  if (log.verbose() > 0) log.info("epoll instead of io_uring");
  return std::unique_ptr<Ring>(std::move(ring).value());
}

std::variant<std::unique_ptr<UringRing>, RingRefusal> make_ring(const RingWishes& wishes) {
  const auto survive = [&] {
    [[maybe_unused]] const auto made = UringRing::create(wishes);
    return true;  // a refusal can be asked for its reason here
  };
  if (is_under_filter() && !works_in_child(survive))
    return RingRefusal{"the system call filter that this process was started under kills who uses io_uring"};
  return UringRing::create(wishes);
}

}  // namespace

OrFatal<std::unique_ptr<Ring>> open_ring(const Config& config, Log& log, std::size_t ops_max) {
  const RingBackend backend = config.uflush_backend;
  if (backend == RingBackend::portable) return open_epoll(log);
  auto made = make_ring({.ops_max = ops_max});
  if (const auto* refusal = std::get_if<RingRefusal>(&made)) {
    const char* wish = backend == RingBackend::io_uring ? "uflush_backend = io_uring cannot be had: " : "";
    log.warning("{}using epoll, which is slower (with uflush_backend = portable there is no warning): {}",
                wish, refusal->reason);
    return open_epoll(log);
  }
  auto& ring = std::get<std::unique_ptr<UringRing>>(made);
  ring->set_busy_wait(std::chrono::microseconds(config.uflush_busy_wait_us));
  if (log.verbose() > 0) log.info("{}", ring->features().describe());
  return std::unique_ptr<Ring>(std::move(ring));
}

}  // namespace uflush
