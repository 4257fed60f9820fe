#pragma once

#include <sys/wait.h>
#include <unistd.h>

namespace uflush {

/// Runs `body` in a forked child, for what changes a process for good. Returns its exit status: what `body`
/// returned, or -1 when it died.
template <typename Body>
int in_child(Body&& body) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(body());
  int status = -1;
  if (pid < 0 || ::waitpid(pid, &status, 0) != pid || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

}  // namespace uflush
