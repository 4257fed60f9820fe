/// From root to `mail_owner`, into the queue directory, and no way back (BEHAVIOUR.md 1.8).
#pragma once

#include <optional>
#include <string>

#include "core/config.hpp"
#include "core/fatal.hpp"

namespace uflush {

/// What to give up.
struct PrivilegeDrop {
  std::optional<std::string> user;              ///< -u: become this user
  std::optional<std::string> chroot_directory;  ///< -c: make this the root directory
  std::optional<MailOwner> account = {};        ///< the user's, when somebody has looked it up already
};

/// setgid, initgroups, chroot and chdir("/"), setuid, in the reference's order. Afterwards, and also when
/// there is nothing to drop, no program that this process runs can gain privileges, and no capability is
/// handed to it (no_new_privs, empty ambient set), unless a system call filter forbids to set that. The
/// reference does not do it.
[[nodiscard]] OrFatal<void> drop_privileges(const PrivilegeDrop& drop);

/// Closes what a daemon inherits from master(8) without using it: the flow-control pipe (3 and 4), and all
/// that lies above the listening sockets, which start at descriptor 6. To be called before this process opens
/// anything. What remains does not leak into programs that it starts. BEHAVIOUR.md 1.5.
void close_unused_descriptors(int socket_count) noexcept;

}  // namespace uflush
