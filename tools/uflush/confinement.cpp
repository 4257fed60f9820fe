#include "tools/uflush/confinement.hpp"

#include <array>
#include <cerrno>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <sys/prctl.h>

#include "io/optional_calls.hpp"
#include "io/sandbox.hpp"

namespace uflush {
namespace {

/// What could not be given up, and why.
class Omissions {
 public:
  void add(const char* what, Error error) {
    texts_.push_back(fmt::format("{}: {}", what, error.message()));
    if (!is_absence(error.number)) has_error_ = true;
  }
  /// It would kill the process.
  void add_deadly(const char* what) {
    texts_.push_back(fmt::format(
        "{}: the system call filter that this process was started under kills who uses it", what));
  }
  void add_unexpected(const char* what) {
    texts_.emplace_back(what);
    has_error_ = true;
  }

  [[nodiscard]] bool empty() const noexcept { return texts_.empty(); }
  [[nodiscard]] bool has_error() const noexcept { return has_error_; }
  [[nodiscard]] std::string text() const { return fmt::format("{}", fmt::join(texts_, "; ")); }

 private:
  /// The kernel has no such thing, or a profile refuses it.
  static bool is_absence(int error) noexcept {
    return error == ENOSYS || error == EOPNOTSUPP || error == EPERM || error == EACCES || error == EINVAL;
  }

  std::vector<std::string> texts_;
  bool has_error_ = false;
};

/// Where parts of the queue directory are if links lead out of it.
const std::array<std::string, 6> queue_directories{".", "flush", "deferred", "incoming", "public", "private"};

Result<void> enter_landlock() {
  const Result<bool> confined = confine_to_directories(queue_directories);
  if (!confined) return confined.error();
  if (!confined.value()) return Error{ENOSYS};  // or one that does not allow renames
  return outcome::success();
}

template <typename Step>
void give_up(const char* what, const Step& step, Omissions& omissions) {
  const auto survive = [&] {
    [[maybe_unused]] const Result<void> done = step();
    return true;
  };
  if (is_under_filter() && !works_in_child(survive)) return omissions.add_deadly(what);
  if (const Result<void> done = step(); !done) omissions.add(what, done.error());
}

}  // namespace

OrFatal<void> confine(const Confinement& wishes, Sandbox sandbox, Log& log) {
  Omissions omissions;
  const bool stop_at_first = sandbox == Sandbox::required;  // what ends a start must still find its calls
  if (!may_use(OptionalCall::prctl) || ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
    omissions.add_unexpected("no_new_privs: it cannot be set");
  if (sandbox != Sandbox::no) {
    // A chroot has the same bounds, and costs nothing; Landlock makes each rename a microsecond longer.
    if (wishes.to_queue_directory && !(stop_at_first && !omissions.empty()))
      give_up("Landlock", enter_landlock, omissions);
    if (!(stop_at_first && !omissions.empty()))
      give_up(
          "seccomp", [&] { return forbid_other_calls(wishes.calls); }, omissions);
  }
  if (omissions.empty()) return outcome::success();
  if (sandbox == Sandbox::required) return Fatal{"uflush_sandbox = required: " + omissions.text()};
  if (omissions.has_error()) {
    log.warning("cannot confine the process: {}", omissions.text());
  } else if (log.verbose() > 0) {
    log.info("the process is not confined as much as it could be: {}", omissions.text());
  }
  return outcome::success();
}

}  // namespace uflush
