/// The system calls that uflush makes and the stock daemon does not, refused one by one: mail must flow all
/// the same. Which they are is found out with strace(1), over a scenario that both daemons go through.
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/support/log_socket.hpp"
#include "tests/support/master_stand_in.hpp"
#include "tests/support/qmgr_socket.hpp"

namespace uflush::support {
namespace {

namespace fs = std::filesystem;

using ::testing::IsEmpty;

/// By name, with their numbers.
using Calls = std::map<std::string, int>;

struct Mode {
  std::string backend;
  bool chroot;
};

std::string to_string(const Mode& mode) {
  return "uflush_backend = " + mode.backend + ", chroot " + (mode.chroot ? "y" : "n");
}

const std::vector<Mode> modes = {{"auto", false}, {"auto", true}, {"portable", false}, {"portable", true}};

StandInOptions options(const Mode& mode, const std::vector<std::string>& more = {}) {
  StandInOptions start;
  start.chroot = mode.chroot;
  start.arguments = {"-o", "uflush_backend=" + mode.backend, "-o", "uflush_durability=sync"};
  start.arguments.insert(start.arguments.end(), more.begin(), more.end());
  return start;
}

std::string contents_of(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// A spool with the neighbours of a flush daemon.
struct World {
  Spool spool;
  LogSocket log{spool.queue().path("public/postlog")};
  QmgrSocket qmgr{spool.queue().path("public/qmgr")};

  /// Adds and sends, of several clients, and what else can be asked for.
  void expect_service(const MasterStandIn& master) const {
    for (int i = 0; i < 5; ++i) {
      const std::string id = "ID" + std::to_string(i);
      spool.queue().add_deferred(id);
      ASSERT_EQ(master.connect().ask(add_request("example.com", id)).status(), status_ok);
    }
    ASSERT_EQ(spool.queue().log_lines("example_com").size(), 5U);
    ASSERT_EQ(master.connect().ask(send_site_request("example.com")).status(), status_ok);
    EXPECT_EQ(spool.queue().ids_in("incoming").size(), 5U);
    EXPECT_THAT(spool.queue().log_lines("example_com"), IsEmpty());
    EXPECT_TRUE(qmgr.wait_for("I"));
    spool.queue().add_deferred("IDX");
    EXPECT_EQ(master.connect().ask(send_file_request("IDX")).status(), status_ok);
    EXPECT_EQ(spool.queue().ids_in("incoming").size(), 6U);
    spool.queue().write_logfile("old_example", "", 30 * 24 * 3600);
    EXPECT_EQ(master.connect().ask(refresh_request()).status(), status_ok);
    EXPECT_FALSE(fs::exists(spool.queue().path("flush/old_example")));
  }
  void expect_one_warning_at_most() const {
    const std::vector<std::string> texts = log.texts();
    EXPECT_LE(texts.size(), 1U) << ::testing::PrintToString(texts);
    for (const std::string& text : texts) EXPECT_EQ(text.rfind("warning: ", 0), 0U) << text;
  }
};

// ---- Which calls they are.

/// The system calls of one process and its threads, from its start to its end.
Calls trace(const std::string& program, StandInOptions start) {
  const TempDir scratch;
  const std::string wrapper = scratch.path(program.substr(program.rfind('/') + 1));
  const std::string output = scratch.path("trace");
  scratch.write(wrapper.substr(wrapper.rfind('/') + 1),
                "#!/bin/sh\nexec strace -f -n -qq -o " + output + " " + program + " \"$@\"\n");
  ::chmod(wrapper.c_str(), 0755);
  start.program = wrapper;
  {
    const World world;
    MasterStandIn master{world.spool, start};
    ChildProcess& child = master.spawn();
    world.expect_service(master);
    master.disconnect();
    EXPECT_TRUE(child.wait()) << program << " does not end";
  }
  Calls calls;
  std::istringstream lines(contents_of(output));
  const std::regex call(R"(^\d+ +\[ *(\d+)\] (\w+)\(.*)");
  std::smatch found;
  for (std::string line; std::getline(lines, line);)
    if (std::regex_match(line, found, call)) calls[found[2]] = std::stoi(found[1]);
  return calls;
}

/// Those that only uflush makes, in any mode.
const Calls& own_calls() {
  static const Calls calls = [] {
    Calls ours;
    for (const Mode& mode : modes) ours.merge(trace(tested_daemon(), options(mode)));
    for (const bool chroot : {false, true})
      for (const auto& [name, number] : trace(stock_daemon, options({"none", chroot}))) ours.erase(name);
    return ours;
  }();
  return calls;
}

class DeniedCalls : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::access("/usr/bin/strace", X_OK) != 0) GTEST_SKIP() << "needs strace";
    if (::access(stock_daemon, X_OK) != 0) GTEST_SKIP() << "needs the stock daemon";
    if (has_sanitizer) GTEST_SKIP() << "sanitizers make calls of their own";
  }

  static void expect_service_without(const Calls& calls, Refusal refusal) {
    for (const auto& [name, number] : calls) {
      for (const Mode& mode : modes) {
        SCOPED_TRACE(name + ", " + to_string(mode));
        StandInOptions start = options(mode);
        start.call_filter = CallFilter::refusing({number}, refusal);
        const World world;
        MasterStandIn master{world.spool, start};
        ChildProcess& child = master.spawn();
        world.expect_service(master);
        EXPECT_FALSE(child.wait(0ms));
        world.expect_one_warning_at_most();
        if (HasFailure()) {
          ADD_FAILURE() << ::testing::PrintToString(world.log.texts());
          return;
        }
      }
    }
  }
};

TEST_F(DeniedCalls, AreListedInTheDocumentation) {
  const std::string page = contents_of(UFLUSH_SOURCE_DIRECTORY "/docs/security.md");
  ASSERT_FALSE(own_calls().empty());
  for (const auto& [name, number] : own_calls())
    EXPECT_NE(page.find("`" + name + "`"), std::string::npos) << name << " is not in docs/security.md";
}

TEST_F(DeniedCalls, LetMailFlowWhenTheyAreForbidden) {
  expect_service_without(own_calls(), Refusal::with(EPERM));
}

TEST_F(DeniedCalls, LetMailFlowWhenThereAreNone) {
  expect_service_without(own_calls(), Refusal::with(ENOSYS));
}

TEST_F(DeniedCalls, LetMailFlowWhenTheyKill) {
  Calls calls = own_calls();
  // No child can find out whether there is one; the allocator and the C library do not ask us.
  for (const char* name : {"clone", "madvise"}) calls.erase(name);
  expect_service_without(calls, Refusal::kill());
}

// The stock daemon makes this call too, so a profile that kills for it is fit for neither.
TEST_F(DeniedCalls, LetMailFlowWithoutThePromiseToGainNoPrivileges) {
  expect_service_without({{"prctl", SYS_prctl}}, Refusal::with(EPERM));
}

// ---- Whole profiles.

/// The numbers of the calls in a set of systemd's, from systemd-analyze(1) and the headers of the C library.
std::vector<int> systemd_set(const std::string& wanted) {
  std::map<std::string, std::vector<std::string>> sets;
  std::istringstream lines(run({"/usr/bin/systemd-analyze", "--no-pager", "syscall-filter"}).out);
  std::string set;
  for (std::string line; std::getline(lines, line);) {
    const std::size_t begin = line.find_first_not_of(' ');
    if (begin == std::string::npos || line[begin] == '#') continue;
    if (begin == 0) {
      set = line;
    } else {
      sets[set].push_back(line.substr(begin));
    }
  }
  std::map<std::string, int> numbers;
  const std::regex definition(R"(#define __NR_(\w+) (\d+))");
  std::istringstream header(contents_of("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"));
  std::smatch found;
  for (std::string line; std::getline(header, line);)
    if (std::regex_match(line, found, definition)) numbers[found[1]] = std::stoi(found[2]);

  std::vector<int> all;
  std::vector<std::string> names = {wanted};
  while (!names.empty()) {
    const std::string name = names.back();
    names.pop_back();
    if (name[0] == '@') {
      names.insert(names.end(), sets[name].begin(), sets[name].end());
    } else if (numbers.count(name) > 0) {
      all.push_back(numbers[name]);
    }
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

TEST(SystemdProfile, OfASystemServiceLetsMailFlow) {
  if (testing_the_stock_daemon()) GTEST_SKIP() << "about our own calls";
  if (::access("/usr/bin/systemd-analyze", X_OK) != 0) GTEST_SKIP() << "needs systemd-analyze";
  const std::vector<int> allowed = systemd_set("@system-service");
  if (allowed.size() < 100) GTEST_SKIP() << "needs the numbers of the system calls of x86_64";
  for (const Refusal refusal : {Refusal::kill(), Refusal::with(EPERM)}) {
    for (const Mode& mode : modes) {
      SCOPED_TRACE(to_string(mode));
      StandInOptions start = options(mode);
      std::vector<int> numbers = allowed;
      if (mode.chroot)
        numbers.push_back(SYS_chroot);  // not in the set, and the stock daemon needs it as well
      start.call_filter = CallFilter::allowing(numbers, refusal);
      const World world;
      MasterStandIn master{world.spool, start};
      ChildProcess& child = master.spawn();
      world.expect_service(master);
      EXPECT_FALSE(child.wait(0ms));
      world.expect_one_warning_at_most();
    }
  }
}

// ---- uflush_sandbox.

std::string status_line(const ChildProcess& child, const std::string& name) {
  std::istringstream lines(contents_of("/proc/" + std::to_string(child.pid()) + "/status"));
  for (std::string line; std::getline(lines, line);)
    if (line.rfind(name + ":\t", 0) == 0) return line.substr(name.size() + 2);
  return {};
}

class Sandbox : public ::testing::Test {
 protected:
  void SetUp() override {
    if (testing_the_stock_daemon()) GTEST_SKIP() << "the stock daemon has none";
    if (has_sanitizer) GTEST_SKIP() << "no filter beside sanitizers";
  }
  World world;
};

TEST_F(Sandbox, FiltersTheCallsOfAProcessThatServes) {
  for (const Mode& mode : modes) {
    SCOPED_TRACE(to_string(mode));
    MasterStandIn master{world.spool, options(mode)};
    const ChildProcess& child = master.spawn();
    ASSERT_EQ(master.connect().ask(add_request("example.com", "ABC")).status(), status_ok);
    EXPECT_EQ(status_line(child, "Seccomp"), "2");
    EXPECT_EQ(status_line(child, "NoNewPrivs"), "1");
    EXPECT_THAT(world.log.texts(), IsEmpty());
  }
}

TEST_F(Sandbox, IsLeftOutWhenItIsNotWanted) {
  MasterStandIn master{world.spool, options(modes[0], {"-o", "uflush_sandbox=no"})};
  const ChildProcess& child = master.spawn();
  world.expect_service(master);
  EXPECT_EQ(status_line(child, "Seccomp"), "0");
  EXPECT_EQ(status_line(child, "NoNewPrivs"), "1");
  EXPECT_THAT(world.log.texts(), IsEmpty());
}

TEST_F(Sandbox, EndsTheStartWhenItIsRequiredAndCannotBeHad) {
  for (const Refusal refusal : {Refusal::with(EPERM), Refusal::kill()}) {
    StandInOptions start = options(modes[0], {"-o", "uflush_sandbox=required"});
    start.call_filter = CallFilter::refusing({SYS_landlock_restrict_self, SYS_seccomp}, refusal);
    MasterStandIn master{world.spool, start};
    ChildProcess& child = master.spawn();
    const std::vector<std::string> before =
        world.log.take_texts_before("fatal: uflush_sandbox = required: Landlock");
    EXPECT_THAT(before, IsEmpty());
    child.signal(SIGTERM);
  }
}

TEST_F(Sandbox, IsThereWhenItIsRequired) {
  MasterStandIn master{world.spool, options(modes[1], {"-o", "uflush_sandbox=required"})};
  const ChildProcess& child = master.spawn();
  world.expect_service(master);
  EXPECT_EQ(status_line(child, "Seccomp"), "2");
  EXPECT_THAT(world.log.texts(), IsEmpty());
}

}  // namespace
}  // namespace uflush::support
