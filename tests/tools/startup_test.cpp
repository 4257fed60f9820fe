/// Runs the start-up in forked children, with master's descriptors in their places, and reads what they log
/// through a socket that plays postlogd.
#include "tools/uflush/startup.hpp"

#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/version.hpp"
#include "io/check.hpp"
#include "tests/core/datagram_socket.hpp"
#include "tests/core/in_child.hpp"
#include "tests/support/seccomp.hpp"
#include "tests/support/temp_dir.hpp"
#include "tools/uflush/serve.hpp"

namespace uflush {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;

constexpr int serving = 42;  // the child's exit status when the start-up came to its end

using Arguments = std::vector<std::string>;

/// Puts a listening socket on descriptor `fd`.
bool listen_on(int fd, const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ::unlink(path.c_str());
  const int made = ::socket(AF_UNIX, SOCK_STREAM, 0);
  if (made < 0 || ::bind(made, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return false;
  return ::listen(made, 5) == 0 && ::dup2(made, fd) == fd;
}

class StartupTest : public testing::Test {
 protected:
  StartupTest() {
    for (const char* name : {"conf", "queue", "queue/public", "queue/flush"})
      std::filesystem::create_directory(directory_.path(name));
    for (const char* name : {"", "queue", "queue/public"}) ::chmod(directory_.path(name).c_str(), 0755);
    write_main_cf();
    directory_.write("conf/uflush.cf", "uflush_answer_when_broken = no\n");  // tests/compat has those that do
    postlogd_.emplace(directory_.path("queue/public/postlog"));
    ::chmod(directory_.path("queue/public/postlog").c_str(), 0666);
    environment_["MAIL_CONFIG"] = directory_.path("conf");
    environment_["POSTLOG_SERVICE"] = directory_.path("queue/public/postlog");
    environment_["POSTLOG_HOSTNAME"] = "before.example.com";
  }

  void write_main_cf(const std::string& more = "") const {
    directory_.write("conf/main.cf",
                     "compatibility_level = 3.6\nmyhostname = relay.example.com\nmail_owner = nobody\n"
                     "maillog_file = /var/log/maillog\nqueue_directory = " +
                         directory_.path("queue") + "\n" + more);
  }

  /// Starts up in a child as `flush <arguments>`, and runs `check` there when that worked. The exit status is
  /// that of start(), or that of `check`.
  int run(
      const Arguments& arguments, const std::function<int(Startup&)>& check = {},
      const BeforePrivilegeDrop& hook = [](Startup&) -> OrFatal<void> { return outcome::success(); }) {
    return in_child([&] {
      prepare_descriptors();
      for (const auto& [name, value] : environment_) setenv(name.c_str(), value.c_str(), 1);
      std::vector<const char*> argv{"/usr/lib/postfix/sbin/flush"};
      for (const std::string& argument : arguments) argv.push_back(argument.c_str());
      Startup startup;
      const std::optional<int> status = start(startup, argv, hook);
      if (status) return *status;
      return check ? check(startup) : serving;
    });
  }

  void prepare_descriptors() const {
    const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    ::dup2(null, STDIN_FILENO);
    std::array<int, 2> status{};
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, status.data()) != 0) ::_exit(97);
    ::dup2(status[0], master_status_fd);
    if (!listen_on(first_listener_fd, directory_.path("queue/public/flush"))) ::_exit(98);
    ::close_range(first_listener_fd + 1, ~0U, 0);
  }

  /// What has been logged: without the time.
  std::vector<std::string> records() {
    std::vector<std::string> texts;
    while (auto record = postlogd_->receive()) texts.push_back(record->substr(sizeof "Nov 23 03:03:04 " - 1));
    return texts;
  }

  support::TempDir directory_;
  std::optional<DatagramSocket> postlogd_;
  std::map<std::string, std::string> environment_;
};

TEST_F(StartupTest, EndsReadyToServeInTheQueueDirectory) {
  environment_["GENERATION"] = "17";
  EXPECT_EQ(run({"-z", "-t", "unix"},
                [this](Startup& startup) {
                  std::error_code error;
                  if (std::filesystem::current_path(error) != directory_.path("queue")) return 1;
                  if (!startup.master || startup.master->fd() != master_status_fd) return 2;
                  if (startup.listeners != std::vector{first_listener_fd}) return 3;
                  return startup.config_watch ? serving : 4;
                }),
            serving);
  EXPECT_THAT(records(), IsEmpty());
}

TEST_F(StartupTest, IgnoresTheSignalsThatAWriteCouldRaise) {
  EXPECT_EQ(run({"-z", "-t", "unix"},
                [](Startup&) {
                  std::raise(SIGPIPE);
                  std::raise(SIGXFSZ);
                  return serving;
                }),
            serving);
}

TEST_F(StartupTest, LogsAsTheEnvironmentSaysUntilTheParametersAreGood) {
  EXPECT_EQ(run({"-q"}), 1);
  EXPECT_THAT(records(), ElementsAre(MatchesRegex("before postfix/flush.[0-9]+.: fatal: invalid option: q")));
  EXPECT_EQ(run({}), 1);
  EXPECT_THAT(records(),
              ElementsAre(MatchesRegex("relay postfix/flush.[0-9]+.: fatal: service flush requires "
                                       "a process limit of 0")));
}

TEST_F(StartupTest, ComplainsInTheOrderOfTheReference) {
  environment_["GENERATION"] = "x";
  EXPECT_EQ(run({"-D"}), 1);
  EXPECT_THAT(records(), ElementsAre(EndsWith("fatal: service flush requires a process limit of 0")));
  EXPECT_EQ(run({"-Dz"}), 1);
  EXPECT_THAT(records(), ElementsAre(EndsWith("fatal: no transport type specified")));
  EXPECT_EQ(run({"-Dz", "-t", "unix"}), 1);
  EXPECT_THAT(records(), ElementsAre(EndsWith("fatal: bad generation: x")));
  environment_["GENERATION"] = "";
  EXPECT_EQ(run({"-z", "-t", "unix"}), 1);
  EXPECT_THAT(records(), ElementsAre(EndsWith("fatal: bad generation: ")));
  environment_.erase("GENERATION");
  EXPECT_EQ(run({"-Dz", "-t", "unix"}), 1);
  EXPECT_THAT(records(), ElementsAre(EndsWith("fatal: no debugger_command variable set up")));
}

TEST_F(StartupTest, SaysWhichGenerationItIsWhenVerbose) {
  environment_["GENERATION"] = "17";
  EXPECT_EQ(run({"-z", "-t", "unix", "-v"}), serving);
  EXPECT_THAT(records(), testing::Contains(EndsWith("]: process generation: 17 (17)")));
  environment_["MAIL_VERBOSE"] = "";
  environment_["GENERATION"] = "8";
  EXPECT_EQ(run({"-z", "-t", "unix"}), serving);
  EXPECT_THAT(records(), testing::Contains(EndsWith("]: process generation: 8 (0)")));
}

TEST_F(StartupTest, RunsTheDebuggerForTheEnvironmentToo) {
  environment_["MAIL_DEBUG"] = "";
  EXPECT_EQ(run({"-z", "-t", "unix", "-o", "debugger_command=exit 3"}), serving);
  EXPECT_THAT(records(), ElementsAre(EndsWith("]: running: exit 3")));
}

TEST_F(StartupTest, NeedsMainCf) {
  environment_["MAIL_CONFIG"] = "/nonexistent";
  EXPECT_EQ(run({"-z", "-t", "unix", "-o", "uflush_answer_when_broken=no"}), 1);
  EXPECT_THAT(records(),
              ElementsAre(HasSubstr("fatal: open /nonexistent/main.cf: No such file or directory")));
}

TEST_F(StartupTest, ChecksWhereTheLogFileIs) {
  EXPECT_EQ(run({"-z", "-t", "unix", "-o", "maillog_file=/x"}), 1);
  EXPECT_THAT(records(), ElementsAre(EndsWith("/master.cf, option -o: maillog_file = /x"),
                                     EndsWith("fatal: maillog_file value '/x' does not match any prefix in "
                                              "maillog_file_prefixes")));
}

TEST_F(StartupTest, ChecksTheMailOwnerEvenWhenItStaysRoot) {
  EXPECT_EQ(run({"-z", "-t", "unix", "-o", "mail_owner=nobodyx"}), 1);
  EXPECT_THAT(
      records(),
      ElementsAre(EndsWith("warning: " + directory_.path("conf/master.cf, option -o: mail_owner = nobodyx")),
                  EndsWith("main.cf: parameter mail_owner: unknown user name value: nobodyx")));
}

TEST_F(StartupTest, NamesMainCfWithoutAWordMoreWhenNoOptionIsAtFault) {
  write_main_cf("max_idle = 5x\n");
  EXPECT_EQ(run({"-z", "-t", "unix"}), 1);
  EXPECT_THAT(records(), ElementsAre(EndsWith("fatal: parameter max_idle: bad time value or unit: 5x")));
}

TEST_F(StartupTest, GoesOnWithTheDefaultOfAParameterOfOurs) {
  EXPECT_EQ(run({"-z", "-t", "unix", "-o", "uflush_backend=bad"}), serving);
  EXPECT_THAT(records(), ElementsAre(EndsWith("/master.cf, option -o: parameter uflush_backend: unrecognized "
                                              "value: bad; using the default: auto")));
}

TEST_F(StartupTest, NoticesThatUflushCfComes) {
  EXPECT_EQ(run({"-z", "-t", "unix"},
                [this](Startup& startup) {
                  if (!startup.config_watch || startup.config_watch->drain_and_check()) return 1;
                  directory_.write("conf/uflush.cf", "uflush_announcement = no\n");
                  return startup.config_watch->drain_and_check() ? serving : 2;
                }),
            serving);
}

TEST_F(StartupTest, NeedsTheQueueDirectory) {
  // Nobody listens below /nonexistent, so stderr has to tell.
  testing::internal::CaptureStderr();
  EXPECT_EQ(run({"-V", "-z", "-t", "unix", "-o", "queue_directory=/nonexistent"}), 1);
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "postfix/flush: warning: " + directory_.path("conf/master.cf") +
                ", option -o: queue_directory = /nonexistent\n"
                "postfix/flush: fatal: chdir(\"/nonexistent\"): No such file or directory\n");
}

TEST_F(StartupTest, NeedsEverySocketThatMasterAnnounced) {
  EXPECT_EQ(run({"-z", "-t", "unix", "-s", "2"}), 1);
  EXPECT_THAT(records(), ElementsAre(EndsWith("fatal: listening socket: descriptor 7: Bad file descriptor")));
}

TEST_F(StartupTest, OpensTablesAsTheStartingUserAndServesAsMailOwnerInTheChroot) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to have something to drop";
  const auto hook = [this](Startup& startup) -> OrFatal<void> {
    if (::geteuid() != 0 || startup.config.queue_directory != directory_.path("queue"))
      return Fatal{"hook called too late"};
    return outcome::success();
  };
  EXPECT_EQ(run(
                {"-z", "-t", "unix", "-u", "-c"},
                [](Startup& startup) {
                  if (::geteuid() == 0 || ::access("/public/flush", F_OK) != 0) return 1;
                  startup.log.info("still logging");
                  return serving;
                },
                hook),
            serving);
  EXPECT_THAT(records(), ElementsAre(EndsWith("]: still logging")));
}

TEST_F(StartupTest, EndsWhenTablesAreFatal) {
  EXPECT_EQ(run({"-z", "-t", "unix"}, {}, [](Startup&) -> OrFatal<void> { return Fatal{"no table"}; }), 1);
  EXPECT_THAT(records(), ElementsAre(EndsWith("]: fatal: no table")));
}

TEST_F(StartupTest, NoticesThatMainCfChanges) {
  EXPECT_EQ(run({"-z", "-t", "unix"},
                [this](Startup& startup) {
                  if (!startup.config_watch) return 1;
                  write_main_cf("max_idle = 1\n");
                  return startup.config_watch->drain_and_check() ? serving : 2;
                }),
            serving);
}

TEST_F(StartupTest, SaysOnceWhatInotifyWillNotTell) {
  const auto start_without = [&](int call, int error) {
    return in_child([&] {
      prepare_descriptors();
      for (const auto& [name, value] : environment_) setenv(name.c_str(), value.c_str(), 1);
      if (!support::forbid_call(call, error)) return 0;
      const std::array<const char*, 4> argv{"/x/flush", "-z", "-t", "unix"};
      Startup startup;
      return start(startup, argv, [](Startup&) -> OrFatal<void> { return outcome::success(); })
          .value_or(serving);
    });
  };
  if (start_without(SYS_inotify_init1, EMFILE) == 0) GTEST_SKIP() << "this kernel has no filters";
  EXPECT_THAT(records(),
              ElementsAre(EndsWith("warning: looking every 10s instead of watching for changes: inotify: "
                                   "Too many open files: see sysctl fs.inotify")));
  EXPECT_EQ(start_without(SYS_inotify_add_watch, ENOSPC), serving);
  EXPECT_THAT(
      records(),
      ElementsAre(EndsWith("warning: looking every 10s instead of watching for changes: " +
                           directory_.path("conf/main.cf") + " (see sysctl fs.inotify.max_user_watches), " +
                           directory_.path("conf/uflush.cf") + " (see sysctl fs.inotify.max_user_watches)")));
}

TEST_F(StartupTest, WorksWhereNoPrivilegedProcessCanBeStarted) {
  const auto status = in_child([&] {
    prepare_descriptors();
    for (const auto& [name, value] : environment_) setenv(name.c_str(), value.c_str(), 1);
    if (!support::forbid_call(SYS_clone, EAGAIN)) return serving;
    const std::array<const char*, 4> argv{"/x/flush", "-z", "-t", "unix"};
    Startup startup;
    return start(startup, argv, [](Startup&) -> OrFatal<void> { return outcome::success(); })
        .value_or(serving);
  });
  EXPECT_EQ(status, serving);
  EXPECT_THAT(records(),
              ElementsAre(EndsWith("warning: cannot start the privileged process: Resource temporarily "
                                   "unavailable")));
}

TEST_F(StartupTest, PutsAPanicIntoTheLog) {
  EXPECT_EQ(run({"-z", "-t", "unix"}, [](Startup&) -> int { panic("two < one", "x.cpp", 7); }), -1)
      << "dies of SIGABRT";
  EXPECT_THAT(records(), ElementsAre(EndsWith("]: panic: x.cpp:7: assertion failed: two < one")));
}

TEST_F(StartupTest, StandardInputNeedsNeitherLimitNorTransportNorSockets) {
  const auto check = [](Startup& startup) {
    return startup.master || !startup.listeners.empty() ? 1 : serving;
  };
  EXPECT_EQ(run({"-S"}, check), serving);
}

TEST_F(StartupTest, StandaloneMakesItsOwnSpoolAndSocket) {
  const auto check = [](Startup& startup) {
    return !startup.master && startup.listeners.size() == 1 ? serving : 1;
  };
  EXPECT_EQ(run({"--standalone", directory_.path("fresh")}, check), serving);
  EXPECT_EQ(::access(directory_.path("fresh/public/flush").c_str(), F_OK), 0);
  EXPECT_EQ(::access(directory_.path("fresh/deferred").c_str(), F_OK), 0);
}

TEST_F(StartupTest, StandaloneRefusesASocketThatIsInUse) {
  EXPECT_EQ(run({"--standalone", directory_.path("queue")}, [](Startup&) { return serving; }), 1);
}

TEST_F(StartupTest, StandaloneNeedsNoMainCfAndLogsToStderr) {
  environment_.clear();
  const Arguments arguments{"--standalone", directory_.path("fresh"), "-o", "queue_directory=/elsewhere"};
  testing::internal::CaptureStderr();
  EXPECT_EQ(run(arguments,
                [this](Startup& startup) {
                  startup.log.info("hello");
                  const bool ours = startup.config.queue_directory == directory_.path("fresh") &&
                                    startup.config.fast_flush_domains == "static:all";
                  return ours ? serving : 1;
                }),
            serving);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "flush: hello\n");
  EXPECT_THAT(records(), IsEmpty());
}

TEST_F(StartupTest, PreparesThePortableRingWithoutAWord) {
  const auto prepare = [](Startup& startup) -> OrFatal<void> {
    Prepared prepared;
    auto outcome = prepare_to_serve(startup, prepared);
    if (outcome && !prepared.ring) return Fatal{"no ring"};
    return outcome;
  };
  EXPECT_EQ(run({"-z", "-t", "unix", "-o", "uflush_backend=portable"}, {}, prepare), serving);
  EXPECT_THAT(records(), IsEmpty());
}

TEST_F(StartupTest, PrintsItsVersionAndItsUsage) {
  testing::internal::CaptureStdout();
  const auto print = [](const char* option) {
    Startup startup;
    const std::array<const char*, 2> argv{"uflush", option};
    return start(startup, argv, [](Startup&) -> OrFatal<void> { return outcome::success(); });
  };
  EXPECT_EQ(print("--version"), 0);
  EXPECT_EQ(print("--help"), 0);
  const std::string printed = testing::internal::GetCapturedStdout();
  EXPECT_THAT(printed, testing::StartsWith(std::string("uflush ") + version + "\n"));
  EXPECT_THAT(printed, HasSubstr("usage: uflush"));
}

TEST_F(StartupTest, RefusesToBeRunByHandOnATerminal) {
  const int terminal = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (terminal < 0 || ::grantpt(terminal) != 0 || ::unlockpt(terminal) != 0)
    GTEST_SKIP() << "needs a pseudo-terminal";
  const std::string name = ::ptsname(terminal);
  testing::internal::CaptureStderr();
  const auto run_by_hand = [&](std::vector<const char*> argv) {
    return in_child([&] {
      prepare_descriptors();
      for (const auto& [key, value] : environment_) setenv(key.c_str(), value.c_str(), 1);
      ::dup2(::open(name.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC), STDIN_FILENO);
      Startup startup;
      return start(startup, argv, [](Startup&) -> OrFatal<void> { return outcome::success(); })
          .value_or(serving);
    });
  };
  EXPECT_EQ(run_by_hand({"/x/flush"}), 1);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "flush: fatal: do not run this command by hand\n");
  EXPECT_THAT(records(), ElementsAre(EndsWith("fatal: do not run this command by hand")));
  EXPECT_EQ(run_by_hand({"flush", "-d", "-z", "-t", "unix"}), serving);
  ::close(terminal);
}

}  // namespace
}  // namespace uflush
