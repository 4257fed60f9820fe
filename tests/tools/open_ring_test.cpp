// Which ring it becomes, by choice and by what the kernel allows.
#include "tools/uflush/open_ring.hpp"

#include <cerrno>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sys/syscall.h>

#include "io/epoll_ring.hpp"
#include "io/uring_ring.hpp"
#include "tests/core/in_child.hpp"
#include "tests/core/memory_sink.hpp"
#include "tests/support/seccomp.hpp"

namespace uflush {
namespace {

constexpr int no_filters = 77;

/// What came of it, as the exit status of a child can tell.
enum Outcome : int { failed, is_epoll, is_io_uring };

struct Expectation {
  Outcome outcome;
  std::vector<std::string> records = {};  ///< how each one begins; with `failed`, the fatal one
};

int open_and_compare(RingBackend backend, int verbose, const Expectation& expected) {
  MemorySink sink;
  Log log(sink);
  log.set_verbose(verbose);
  Config config;
  config.uflush_backend = backend;
  const auto ring = open_ring(config, log);
  if (!ring) sink.records.push_back("fatal: " + ring.error().text);
  Outcome outcome = failed;
  if (ring && dynamic_cast<const EpollRing*>(ring.value().get()) != nullptr) outcome = is_epoll;
  if (ring && dynamic_cast<const UringRing*>(ring.value().get()) != nullptr) outcome = is_io_uring;
  if (outcome != expected.outcome) return 1;
  if (sink.records.size() != expected.records.size()) return 2;
  for (std::size_t i = 0; i < sink.records.size(); ++i)
    if (!sink.records[i].starts_with(expected.records[i])) return 3;
  return 0;
}

/// The same in a child in which the system call `number` fails with `error`.
int open_without(int number, int error, RingBackend backend, const Expectation& expected) {
  return in_child([&] {
    if (!support::forbid_call(number, error)) return no_filters;
    return open_and_compare(backend, 0, expected);
  });
}

const std::string warning =
    "warning: using epoll, which is slower (with uflush_backend = portable there is no warning): ";

TEST(OpenRing, TakesEpollWithoutAWordWhenAskedTo) {
  EXPECT_EQ(open_and_compare(RingBackend::portable, 0, {is_epoll}), 0);
  EXPECT_EQ(open_and_compare(RingBackend::portable, 1, {is_epoll, {"epoll instead of io_uring"}}), 0);
}

TEST(OpenRing, TakesIoUringWhereItCan) {
  if (std::holds_alternative<RingRefusal>(UringRing::create())) GTEST_SKIP() << "no io_uring here";
  EXPECT_EQ(open_and_compare(RingBackend::automatic, 0, {is_io_uring}), 0);
  EXPECT_EQ(open_and_compare(RingBackend::io_uring, 1, {is_io_uring, {"io_uring: "}}), 0);
}

TEST(OpenRing, WarnsOnceWhenItMustFallBack) {
  EXPECT_EQ(open_without(SYS_io_uring_setup, ENOSYS, RingBackend::automatic,
                         {is_epoll, {warning + "this kernel has no io_uring"}}),
            0);
  EXPECT_EQ(open_without(SYS_io_uring_setup, EPERM, RingBackend::automatic,
                         {is_epoll, {warning + "io_uring is forbidden here"}}),
            0);
}

TEST(OpenRing, FallsBackWhenTheRingCannotBeUsedOnceItIsMade) {
  EXPECT_EQ(open_without(SYS_io_uring_register, EPERM, RingBackend::automatic, {is_epoll, {warning}}), 0);
}

TEST(OpenRing, FallsBackAlthoughIoUringWasWishedFor) {
  EXPECT_EQ(open_without(SYS_io_uring_setup, EPERM, RingBackend::io_uring,
                         {is_epoll,
                          {"warning: uflush_backend = io_uring cannot be had: using epoll, which is "
                           "slower (with uflush_backend = portable there is no warning): io_uring "
                           "is forbidden here"}}),
            0);
}

TEST(OpenRing, NeedsNoIoUringForTheOther) {
  EXPECT_EQ(open_without(SYS_io_uring_setup, EPERM, RingBackend::portable, {is_epoll}), 0);
}

TEST(OpenRing, FailsWhenThereIsNotEvenEpoll) {
  EXPECT_EQ(open_without(SYS_epoll_create1, ENFILE, RingBackend::portable, {failed, {"fatal: epoll: "}}), 0);
}

}  // namespace
}  // namespace uflush
