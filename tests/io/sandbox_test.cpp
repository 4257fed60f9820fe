// What a confined process may still do, and what the ring refuses.
#include "io/sandbox.hpp"

#include <array>
#include <cerrno>
#include <functional>
#include <string>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/ring_setup.hpp"
#include "tests/support/temp_dir.hpp"

namespace uflush {
namespace {

constexpr int no_landlock = 77;

/// Runs `body` in a child that is confined to `directory`; its exit status.
int confined_to(const std::string& directory, const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child == 0) {
    const std::array<std::string, 2> directories{directory, directory + "/missing"};
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    const Result<bool> confined = confine_to_directories(directories);
    if (!confined) ::_exit(1);
    ::_exit(confined.value() ? body() : no_landlock);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(Sandbox, LeavesTheDirectoriesThatAreNamedAndNothingElse) {
  const support::TempDir scratch;
  for (const char* name : {"in", "in/deferred", "in/incoming", "out"})
    ASSERT_EQ(::mkdir(scratch.path(name).c_str(), 0700), 0);
  for (const char* name : {"in/deferred/A1", "out/secret"})
    ASSERT_GE(::close(::open(scratch.path(name).c_str(), O_CREAT | O_WRONLY, 0600)), 0);

  const int status = confined_to(scratch.path("in"), [&] {
    if (::rename(scratch.path("in/deferred/A1").c_str(), scratch.path("in/incoming/A1").c_str()) != 0)
      return 2;
    if (::open(scratch.path("in/log").c_str(), O_CREAT | O_RDWR, 0600) < 0) return 3;
    if (::open(scratch.path("out/secret").c_str(), O_RDONLY) >= 0 || errno != EACCES) return 4;
    if (::rename(scratch.path("in/incoming/A1").c_str(), scratch.path("out/A1").c_str()) == 0) return 5;
    ::execl("/bin/true", "true", nullptr);
    return errno == EACCES ? 0 : 6;
  });
  if (status == no_landlock) GTEST_SKIP() << "this kernel has no Landlock that allows renames";
  EXPECT_EQ(status, 0);
}

TEST(RingRestrictions, RefuseAnOpcodeThatIsNotInUse) {
  auto made = set_up_ring();
  auto* setup = std::get_if<RingSetup>(&made);
  ASSERT_NE(setup, nullptr) << std::get<RingRefusal>(made).reason;
  if (!setup->features.restricted) GTEST_SKIP() << "this kernel has no ring restrictions";
  io_uring_prep_nop(io_uring_get_sqe(&setup->ring));
  io_uring_cqe* answer = nullptr;
  ASSERT_EQ(io_uring_submit_and_wait(&setup->ring, 1), 1);
  ASSERT_EQ(io_uring_wait_cqe(&setup->ring, &answer), 0);
  EXPECT_EQ(answer->res, -EACCES);
  io_uring_queue_exit(&setup->ring);
}

}  // namespace
}  // namespace uflush
