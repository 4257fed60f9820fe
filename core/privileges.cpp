#include "core/privileges.hpp"

#include <algorithm>

#include <fcntl.h>
#include <fmt/core.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "core/master_channel.hpp"
#include "io/older_calls.hpp"
#include "io/optional_calls.hpp"

namespace uflush {
namespace {

/// The fatal text `<call>: <errno text>` for the system call that failed last.
Fatal failed(const std::string& call) {
  return Fatal{fmt::format("{}: {}", call, last_error().message())};
}

OrFatal<void> enter_root(const std::string& directory) {
  if (::chroot(directory.c_str()) != 0) return failed(fmt::format("chroot({})", directory));
  if (::chdir("/") != 0) return failed("chdir(/)");
  return outcome::success();
}

/// As far as it is allowed: who needs it looks whether no_new_privs is set.
void renounce_new_privileges() noexcept {
  if (!may_use(OptionalCall::prctl)) return;
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

OrFatal<MailOwner> look_up(const std::string& user) {
  const passwd* account = ::getpwnam(user.c_str());
  if (account == nullptr) return Fatal{fmt::format("unknown user: {}", user)};
  return MailOwner{account->pw_uid, account->pw_gid};
}

}  // namespace

OrFatal<void> drop_privileges(const PrivilegeDrop& drop) {
  MailOwner account = drop.account.value_or(MailOwner{});
  if (drop.user) {
    if (!drop.account) {
      TRY(found, look_up(*drop.user));
      account = found;
    }
    if (::setgid(account.gid) != 0) return failed(fmt::format("setgid({})", account.gid));
    if (::initgroups(drop.user->c_str(), account.gid) != 0) return failed("initgroups");
  }
  if (drop.chroot_directory) {
    TRY_VOID(enter_root(*drop.chroot_directory));
  }
  if (drop.user && ::setuid(account.uid) != 0) return failed(fmt::format("setuid({})", account.uid));
  renounce_new_privileges();
  return outcome::success();
}

void close_unused_descriptors(int socket_count) noexcept {
  constexpr unsigned flow_control_read = 3;
  constexpr unsigned flow_control_write = 4;
  close_descriptors(flow_control_read, flow_control_write);
  // A socket count beyond every limit is left for whoever looks at the sockets.
  const unsigned first_unused = first_listener_fd + static_cast<unsigned>(std::max(socket_count, 0));
  close_descriptors(first_unused, ~0U);
  for (unsigned fd = master_status_fd; fd < first_unused; ++fd) {
    if (::fcntl(static_cast<int>(fd), F_SETFD, FD_CLOEXEC) != 0) break;  // fewer sockets than announced
  }
}

}  // namespace uflush
