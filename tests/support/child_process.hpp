/// One child process: started with exactly the descriptors, environment and directory that it is given,
/// waited for with a deadline, measured with wait4(2).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/resource.h>
#include <sys/types.h>

#include "tests/support/owned_fd.hpp"
#include "tests/support/seccomp.hpp"
#include "tests/support/wait.hpp"

namespace uflush::support {

struct FdMapping {
  int ours = -1;
  int childs = -1;
};

/// What to run. A child gets /dev/null for those of 0, 1, 2 that are not mapped, and nothing above 2 that is
/// not mapped.
struct ProcessSpec {
  std::string program;                                  ///< path, not searched for
  std::vector<std::string> argv;                        ///< with argv[0]
  std::optional<std::vector<std::string>> environment;  ///< `NAME=value`; absent: ours
  std::vector<FdMapping> descriptors;
  std::string working_directory;  ///< empty: ours
  std::optional<mode_t> file_mask;
  bool new_process_group = false;
  std::optional<CallFilter> call_filter = {};  ///< which the program is started under
};

struct Exit {
  std::optional<int> status;  ///< absent when a signal ended it
  std::optional<int> signal;
  rusage usage{};
};

/// Owns the process: the destructor kills (SIGKILL, this pid only) and reaps what still runs.
class ChildProcess {
 public:
  explicit ChildProcess(const ProcessSpec& spec);
  ChildProcess(ChildProcess&&) noexcept;
  ChildProcess& operator=(ChildProcess&&) = delete;
  ~ChildProcess();

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  /// Becomes readable when the process has ended.
  [[nodiscard]] int pidfd() const noexcept { return pidfd_.get(); }
  /// Absent when it still runs after `timeout`. May be asked again afterwards.
  std::optional<Exit> wait(milliseconds timeout = patience);
  /// Nothing happens when it has been reaped already.
  void signal(int number) const;

 private:
  pid_t pid_ = -1;
  OwnedFd pidfd_;
  std::optional<Exit> exit_;
};

struct Output {
  Exit exit;
  std::string out;
  std::string err;
};

/// Runs a program to its end, with `input` on its stdin. Killed (and a failure) after `timeout`.
Output run(const std::vector<std::string>& argv, std::string_view input = {},
           milliseconds timeout = patience);

}  // namespace uflush::support
