#include "io/kernel_name_watch.hpp"

#include <sys/inotify.h>
#include <unistd.h>

#include "io/inotify_events.hpp"
#include "io/local_file_system.hpp"
#include "io/optional_calls.hpp"
#include "io/shortage.hpp"

namespace uflush {
namespace {

constexpr std::uint32_t changes = IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF;
/// About a directory, as itself or as an entry of another one.
constexpr std::uint32_t about_directories =
    IN_ISDIR | IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED | IN_Q_OVERFLOW;

}  // namespace

Result<int> KernelNameWatch::fd() {
  if (!fd_) {
    if (!may_use(OptionalCall::inotify)) return Error{EPERM};
    fd_.reset(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    if (!fd_) {
      const Error error = last_error();
      report_if_shortage(error);
      return error;
    }
  }
  return fd_.get();
}

Result<void> KernelNameWatch::watch(const char* directory, Interest interest) {
  TRY(inotify, fd());
  const std::uint32_t events = changes | (interest == Interest::changes_and_openings ? IN_OPEN : 0);
  if (::inotify_add_watch(inotify, directory, events | IN_ONLYDIR | IN_DONT_FOLLOW) < 0) return last_error();
  if (!is_on_local_file_system(directory)) return Error{EOPNOTSUPP};
  return outcome::success();
}

NameWatch::News KernelNameWatch::read() {
  News news;
  for_each_inotify_event(fd_.get(), [&](int /*watch*/, std::uint32_t mask, std::string_view name) {
    if ((mask & IN_OPEN) != 0) {
      if ((mask & IN_ISDIR) == 0) news.opened.emplace_back(name);
      return;
    }
    if ((mask & about_directories) != 0) news.perhaps_all = true;
    if (!name.empty()) news.changed.emplace_back(name);
  });
  return news;
}

}  // namespace uflush
