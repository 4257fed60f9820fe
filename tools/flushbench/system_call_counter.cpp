#include "tools/flushbench/system_call_counter.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include <linux/perf_event.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace uflush::bench {
namespace {

constexpr const char* id_below_tracefs = "/events/raw_syscalls/sys_enter/id";

std::optional<std::uint64_t> read_number(const std::string& path) {
  std::ifstream file(path);
  std::uint64_t number = 0;
  if (file >> number) return number;
  return std::nullopt;
}

/// tracefs is often not mounted: a thread with a mount name space of its own mounts it for itself alone.
std::optional<std::uint64_t> look_into_own_tracefs() {
  std::optional<std::uint64_t> id;
  std::thread([&id] {
    if (::unshare(CLONE_FS | CLONE_NEWNS) != 0) return;
    if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return;
    const std::string place = "/sys/kernel/tracing";
    if (::mount("none", place.c_str(), "tracefs", 0, nullptr) != 0) return;
    id = read_number(place + id_below_tracefs);
  }).join();
  return id;
}

/// The number of the tracepoint; absent when the kernel or our rights do not have it.
std::optional<std::uint64_t> tracepoint_id() {
  static const std::optional<std::uint64_t> id = [] {
    const auto mounted = read_number(std::string("/sys/kernel/tracing") + id_below_tracefs);
    return mounted ? mounted : look_into_own_tracefs();
  }();
  return id;
}

/// Closed when the kernel refuses.
support::OwnedFd open_event(pid_t thread, bool with_children) {
  const auto id = tracepoint_id();
  if (!id) return {};
  perf_event_attr wanted{};
  wanted.type = PERF_TYPE_TRACEPOINT;
  wanted.size = sizeof wanted;
  wanted.config = *id;
  wanted.inherit = with_children ? 1 : 0;
  constexpr int any_cpu = -1;
  constexpr int no_group = -1;
  return support::OwnedFd{static_cast<int>(
      ::syscall(SYS_perf_event_open, &wanted, thread, any_cpu, no_group, PERF_FLAG_FD_CLOEXEC))};
}

std::uint64_t value_of(const support::OwnedFd& event) {
  std::uint64_t value = 0;
  if (::read(event.get(), &value, sizeof value) != sizeof value) return 0;
  return value;
}

}  // namespace

SystemCallCounter::SystemCallCounter(const std::vector<pid_t>& processes) {
  for (const pid_t process : processes) {
    std::error_code gone;
    const std::string threads = "/proc/" + std::to_string(process) + "/task";
    for (const auto& thread : std::filesystem::directory_iterator(threads, gone)) {
      auto event = open_event(std::atoi(thread.path().filename().c_str()), true);
      if (event.is_open()) events_.push_back(std::move(event));
    }
  }
}

SystemCallCounter SystemCallCounter::of_children() {
  SystemCallCounter counter;
  counter.own_ = open_event(0, false);
  auto all = open_event(0, true);
  if (all.is_open()) counter.events_.push_back(std::move(all));
  return counter;
}

std::optional<std::uint64_t> SystemCallCounter::count() const {
  if (events_.empty()) return std::nullopt;
  std::uint64_t sum = 0;
  for (const support::OwnedFd& event : events_) sum += value_of(event);
  return own_.is_open() ? sum - value_of(own_) : sum;
}

}  // namespace uflush::bench
