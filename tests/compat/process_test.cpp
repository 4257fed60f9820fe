/// The life of the process as an operator sees it: options, limits, changed configuration, several daemons on
/// one spool (BEHAVIOUR.md 1.3, 1.7, 1.13).
#include <algorithm>
#include <array>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/failure.hpp"
#include "tests/support/log_socket.hpp"
#include "tests/support/master_stand_in.hpp"
#include "tests/support/qmgr_socket.hpp"

namespace uflush::support {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

class Process : public ::testing::Test {
 protected:
  /// Asks for one add and expects that it is done.
  void add(const MasterStandIn& master, std::string_view id) const {
    EXPECT_EQ(master.connect().ask(add_request("example.com", id)).status(), status_ok);
  }
  void expect_exit(ChildProcess& child, int status) const {
    const std::optional<Exit> exit = child.wait();
    ASSERT_TRUE(exit);
    EXPECT_EQ(exit->status, status);
  }

  Spool spool;
  LogSocket log{spool.queue().path("public/postlog")};
};

/// `A7` of `A` and 7.
std::string numbered(std::string_view text, int number) {
  return std::string(text).append(std::to_string(number));
}

/// Two ends of a connection.
std::array<OwnedFd, 2> socket_pair() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) fail_errno("socketpair");
  return {OwnedFd{ends[0]}, OwnedFd{ends[1]}};
}

/// Says `request` behind the announcement; all that the server said until it closed.
std::string converse(int fd, std::string_view request) {
  std::string said;
  std::array<char, 256> piece{};
  const Deadline deadline{patience};
  while (wait_readable(fd, deadline)) {
    const ssize_t count = ::read(fd, piece.data(), piece.size());
    if (count <= 0) return said;
    const bool announced = said.size() >= announcement_bytes.size();
    said.append(piece.data(), static_cast<std::size_t>(count));
    if (!announced && !request.empty() && said.size() >= announcement_bytes.size() &&
        ::write(fd, request.data(), request.size()) != static_cast<ssize_t>(request.size()))
      fail_errno("write");
  }
  return said + "(timeout)";
}

std::string announced(long long status) {
  return std::string(announcement_bytes) + reply_bytes(status);
}

// ---- Limits of its life.

TEST_F(Process, RetiresMaxIdleAfterItsLastClient) {
  spool.set({{"max_idle", "1s"}});
  MasterStandIn master{spool};
  for (const char* id : {"A1", "A2"}) {
    ChildProcess& child = master.spawn();
    add(master, id);
    expect_exit(child, 0);
  }
  EXPECT_THAT(spool.queue().log_lines("example_com"), SizeIs(2));
  EXPECT_THAT(log.texts(), IsEmpty());
}

TEST_F(Process, RetiresAfterAnExplicitMaxUseAndItsSuccessorsGoOn) {
  MasterStandIn master{spool, {.arguments = {"-o", "max_use=2"}}};
  master.supervise();
  for (int i = 0; i < 7; ++i) add(master, numbered("A", i));
  EXPECT_THAT(spool.queue().log_lines("example_com"), SizeIs(7));
  EXPECT_GE(master.exits().size() + master.pids().size(), 4U);
  for (const Exit& exit : master.exits()) EXPECT_EQ(exit.status, 0);
  EXPECT_THAT(log.texts(), IsEmpty());
}

// ---- Changed configuration.

class ChangedConfiguration : public Process {
 protected:
  void SetUp() override {
    if (testing_the_stock_daemon()) GTEST_SKIP() << "the stock daemon relies on being short-lived";
  }
  /// Has `site` refused, changes something, waits for the old process to go, and has `site` accepted.
  void expect_new_rules_after(const std::function<void()>& change) {
    MasterStandIn master{spool};
    ChildProcess& before = master.spawn();
    ASSERT_EQ(master.connect().ask(add_request("new.example", "A1")).status(), status_deny);
    FlushClient in_between = master.connect();
    ASSERT_EQ(in_between.read_announcement(), announcement_bytes);
    change();
    in_between.send(add_request("old.example", "A2"));
    EXPECT_EQ(in_between.read_reply_and_finish().status(), status_ok);
    expect_exit(before, 0);
    master.spawn();
    EXPECT_EQ(master.connect().ask(add_request("new.example", "A3")).status(), status_ok);
    EXPECT_EQ(spool.queue().logfile("new_example"), "A3\n");
    EXPECT_EQ(spool.queue().logfile("old_example"), "A2\n");
    EXPECT_THAT(log.texts(), IsEmpty());
  }
};

TEST_F(ChangedConfiguration, OfMainCfIsHonouredByANewProcess) {
  spool.set({{"fast_flush_domains", "old.example"}});
  expect_new_rules_after([&] { spool.set({{"fast_flush_domains", "old.example, new.example"}}); });
}

TEST_F(ChangedConfiguration, OfAPatternFileIsHonouredByANewProcess) {
  const std::string list = spool.config_directory() + "/sites";
  write_file(list, "old.example\n");
  spool.set({{"fast_flush_domains", list}});
  expect_new_rules_after([&] { write_file(list, "old.example\nnew.example\n"); });
}

TEST_F(ChangedConfiguration, OfATableIsHonouredByANewProcess) {
  const std::string table = spool.config_directory() + "/table";
  const auto postmap = [&](std::string_view text) {
    write_file(table, text);
    ASSERT_EQ(run({"/usr/sbin/postmap", "-c", spool.config_directory(), "hash:" + table}).exit.status, 0);
  };
  postmap("old.example x\n");
  spool.set({{"fast_flush_domains", "hash:" + table}});
  expect_new_rules_after([&] { postmap("old.example x\nnew.example x\n"); });
}

// ---- Options.

class StandardInput : public Process {
 protected:
  [[nodiscard]] ProcessSpec spec() const {
    ProcessSpec spec;
    spec.program = tested_daemon();
    spec.argv = {tested_daemon_name(), "-S"};
    spec.environment = {"MAIL_CONFIG=" + spool.config_directory()};
    return spec;
  }
};

TEST_F(StandardInput, IsServedAsASocket) {
  auto [ours, theirs] = socket_pair();
  ProcessSpec what = spec();
  what.descriptors = {{theirs.get(), 0}, {theirs.get(), 1}};
  ChildProcess child{what};
  theirs.reset();
  EXPECT_EQ(converse(ours.get(), add_request("example.com", "ABC")), announced(status_ok));
  expect_exit(child, 0);
  EXPECT_EQ(spool.queue().logfile("example_com"), "ABC\n");
}

TEST_F(StandardInput, IsServedThroughPipes) {
  if (testing_the_stock_daemon()) GTEST_SKIP() << "the stock daemon needs one socket";
  std::array<int, 2> in{};
  std::array<int, 2> out{};
  ASSERT_EQ(::pipe2(in.data(), O_CLOEXEC), 0);
  ASSERT_EQ(::pipe2(out.data(), O_CLOEXEC), 0);
  OwnedFd their_in{in[0]};
  OwnedFd our_out{in[1]};
  OwnedFd our_in{out[0]};
  OwnedFd their_out{out[1]};
  ProcessSpec what = spec();
  what.descriptors = {{their_in.get(), 0}, {their_out.get(), 1}};
  ChildProcess child{what};
  their_in.reset();
  their_out.reset();
  const std::string request = add_request("example.com", "ABC");
  ASSERT_EQ(::write(our_out.get(), request.data(), request.size()), static_cast<ssize_t>(request.size()));
  EXPECT_EQ(converse(our_in.get(), ""), announced(status_ok));  // our end of its input is still open
  expect_exit(child, 0);
  EXPECT_EQ(spool.queue().logfile("example_com"), "ABC\n");
}

TEST_F(Process, RunsTheDebuggerCommandBeforeItServes) {
  const std::string proof = spool.config_directory() + "/debugged";
  spool.set({{"debugger_command", "echo $process_name > " + proof}});
  MasterStandIn master{spool, {.arguments = {"-D"}}};
  ChildProcess& child = master.spawn();
  add(master, "ABC");
  EXPECT_EQ(read_file(proof), tested_daemon_name() + "\n");
  EXPECT_THAT(log.texts(), Contains("running: echo " + tested_daemon_name() + " > " + proof));
  master.disconnect();
  expect_exit(child, 0);
}

/// Sends descriptor `fd` over `carrier`, and what goes with it: a byte, and a list of attributes.
void pass_descriptor(int carrier, int fd, std::string said = bytes("\0\0")) {
  iovec part{said.data(), said.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof fd)> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof fd);
  std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  if (::sendmsg(carrier, &message, 0) != static_cast<ssize_t>(said.size())) fail_errno("sendmsg");
}

class PassedDescriptor : public Process {
 protected:
  void expect_service(bool non_blocking) {
    MasterStandIn master{spool, {.all_arguments = {{"-z", "-t", "pass", "-u"}}}};
    ChildProcess& child = master.spawn();
    auto [ours, theirs] = socket_pair();
    ASSERT_EQ(::fcntl(theirs.get(), F_SETFL, non_blocking ? O_NONBLOCK : 0), 0);
    const FlushClient carrier = master.connect();
    pass_descriptor(carrier.fd(), theirs.get());
    theirs.reset();
    EXPECT_EQ(converse(ours.get(), add_request("example.com", "ABC")), announced(status_ok));
    EXPECT_EQ(spool.queue().logfile("example_com"), "ABC\n");
    master.disconnect();
    expect_exit(child, 0);
    EXPECT_THAT(log.texts(), IsEmpty());
  }

  /// What is logged about a carrier that says `said`, with or without a descriptor, and no more. Texts end in
  /// an error number that in the reference has nothing to do with the matter.
  std::vector<std::string> logged_about(std::optional<int> fd, const std::string& said) {
    MasterStandIn master{spool, {.all_arguments = {{"-z", "-t", "pass", "-u"}}}};
    ChildProcess& child = master.spawn();
    FlushClient carrier = master.connect();
    if (fd) {
      pass_descriptor(carrier.fd(), *fd, said);
    } else {
      carrier.send(said);
    }
    carrier.half_close();
    EXPECT_EQ(carrier.read_to_end().bytes, "");
    EXPECT_TRUE(log.wait_for("error: accept connection: "));
    master.disconnect();
    expect_exit(child, 0);
    return log.take_texts();
  }
};

TEST_F(PassedDescriptor, IsTheClient) {
  expect_service(false);
}

TEST_F(PassedDescriptor, MayBeNonBlocking) {
  expect_service(true);
}

TEST_F(PassedDescriptor, IsOnlyServedOnceTheListBehindItHasEnded) {
  MasterStandIn master{spool, {.all_arguments = {{"-z", "-t", "pass", "-u"}}}};
  master.spawn();
  auto [ours, theirs] = socket_pair();
  FlushClient carrier = master.connect();
  pass_descriptor(carrier.fd(), theirs.get(), bytes("\0name\0val"));
  theirs.reset();
  carrier.wait_until_taken();
  EXPECT_FALSE(wait_readable(ours.get(), Deadline{100ms}));
  carrier.send(bytes("ue\0\0"));
  EXPECT_EQ(carrier.read_to_end().ending, Ending::eof);  // before the client is served
  EXPECT_EQ(converse(ours.get(), add_request("example.com", "ABC")), announced(status_ok));
  EXPECT_THAT(log.texts(), IsEmpty());
}

TEST_F(PassedDescriptor, IsMissedWhenTheCarrierBringsNone) {
  for (const std::string& said : {std::string(), bytes("x"), bytes("\0\0")}) {
    const std::vector<std::string> logged = logged_about(std::nullopt, said);
    ASSERT_THAT(logged, SizeIs(2));
    EXPECT_THAT(logged[0], StartsWith("warning: pass_accept_attr: cannot receive file descriptor: "));
    EXPECT_THAT(logged[1], StartsWith("error: accept connection: "));
  }
}

TEST_F(PassedDescriptor, IsDroppedWhenTheListBehindItIsCut) {
  const std::vector<std::pair<std::string, std::string>> cuts = {
      {bytes("x"), ""},
      {bytes("xna"), "unexpected end-of-input from unknown_stream while reading input attribute name"},
      {bytes("xname\0"), "premature end-of-input on unknown_stream while reading input attribute value"},
      {bytes("xname\0val"),
       "unexpected end-of-input from unknown_stream while reading input attribute value"},
      {bytes("xname\0val\0"), "premature end-of-input on unknown_stream while reading input attribute name"},
  };
  for (const auto& [said, warning] : cuts) {
    auto [ours, theirs] = socket_pair();
    std::vector<std::string> logged = logged_about(theirs.get(), said);
    if (!warning.empty()) {
      ASSERT_THAT(logged, SizeIs(3));
      EXPECT_EQ(logged[0], "warning: " + warning);
      logged.erase(logged.begin());
    }
    ASSERT_THAT(logged, SizeIs(2));
    EXPECT_THAT(logged[0], StartsWith("warning: pass_accept_attr: cannot receive connection attributes: "));
    EXPECT_THAT(logged[1], StartsWith("error: accept connection: "));
  }
}

/// Signals that wait for the process as a whole.
std::uint64_t pending_signals(pid_t pid) {
  const std::string status = read_file("/proc/" + std::to_string(pid) + "/status");
  constexpr std::string_view name = "ShdPnd:\t";
  return std::stoull(status.substr(status.find(name) + name.size()), nullptr, 16);
}

// A slow client is enough for the reference. Ours must not turn at all, as when the kernel holds it.
TEST_F(Process, SaysThatItWasTheWatchdog) {
  MasterStandIn master{spool, {.arguments = {"-o", "daemon_timeout=3s"}}};
  ChildProcess& child = master.spawn();
  FlushClient client = master.connect();
  ASSERT_EQ(client.read_announcement(), announcement_bytes);
  if (!testing_the_stock_daemon()) {
    child.signal(SIGSTOP);
    const Deadline deadline{patience};
    while ((pending_signals(child.pid()) & 1UL << (SIGALRM - 1)) == 0 && !deadline.passed())
      std::this_thread::sleep_for(20ms);
    child.signal(SIGCONT);
  }
  expect_exit(child, 1);
  EXPECT_EQ(client.read_to_end().bytes, "");
  EXPECT_THAT(log.texts(), ::testing::ElementsAre("fatal: watchdog timeout"));
  const std::string record = log.records().front();
  EXPECT_THAT(record, HasSubstr(" relay postfix/" + tested_daemon_name() + "[" + std::to_string(child.pid()) +
                                "]: "));
  // Written before, but dated when it was said.
  std::tm when{};
  ASSERT_NE(::strptime(record.c_str(), "%b %d %H:%M:%S", &when), nullptr) << record;
  const std::time_t now = std::time(nullptr);
  std::tm here = *std::localtime(&now);
  when.tm_year = here.tm_year;
  when.tm_isdst = here.tm_isdst;
  EXPECT_NEAR(static_cast<double>(std::mktime(&when)), static_cast<double>(now), 10);
}

// ---- The system's accounts, as a table.

class Accounts : public Process {
 protected:
  void SetUp() override {
    ASSERT_EQ(::mkdir(spool.queue().path("etc").c_str(), 0755), 0);
    has("first.example");
    spool.set({{"fast_flush_domains", "unix:passwd.byname"}});
  }
  void has(const std::string& account) {
    passwd_ += account + ":x:12345:12345::/:/bin/false\n";
    write_file(spool.queue().path("etc/passwd"), passwd_);
    ASSERT_EQ(::chmod(spool.queue().path("etc/passwd").c_str(), 0644), 0);
  }

 private:
  std::string passwd_;
};

TEST_F(Accounts, OfAChrootAreThoseInItsOwnPasswordFile) {
  MasterStandIn master{spool, {.chroot = true}};
  master.supervise();
  EXPECT_EQ(master.connect().ask(add_request("first.example", "ABC")).status(), status_ok);
  EXPECT_EQ(master.connect().ask(add_request("daemon", "ABC")).status(), status_deny);
}

TEST_F(Accounts, ThatAppearLaterAreNotNoticedUnlikeByTheReference) {
  MasterStandIn master{spool, {.chroot = true}};
  ChildProcess& before = master.spawn();
  EXPECT_EQ(master.connect().ask(add_request("second.example", "ABC")).status(), status_deny);
  has("second.example");
  EXPECT_EQ(master.connect().ask(add_request("second.example", "ABC")).status(),
            testing_the_stock_daemon() ? status_ok : status_deny);
  master.disconnect();
  expect_exit(before, 0);
  master.spawn();
  EXPECT_EQ(master.connect().ask(add_request("second.example", "ABC")).status(), status_ok);
}

// After chroot or without the right to read them, the descriptions of time zones are out of reach.
TEST_F(Process, LogsInLocalTimeInAChroot) {
  constexpr const char* zone = "Asia/Kolkata";  // half an hour beside everybody else
  MasterStandIn master{spool, {.chroot = true, .environment = {std::string("TZ=") + zone}}};
  master.spawn();
  EXPECT_EQ(master.connect().ask(bytes("foo\0bar\0\0")).status(), status_bad);
  ASSERT_TRUE(log.wait_for("unexpected attribute foo"));
  const std::time_t offset_s = (5 * 60 + 30) * 60;
  const std::time_t now = std::time(nullptr);
  std::vector<std::string> good;
  for (const std::time_t when : {now - 60, now}) {
    std::tm local{};
    const std::time_t shifted = when + offset_s;
    ::gmtime_r(&shifted, &local);
    std::array<char, 32> text{};
    std::strftime(text.data(), text.size(), " %H:%M:", &local);
    good.emplace_back(text.data());
  }
  const std::string record = log.records().back();
  EXPECT_TRUE(record.find(good[0]) == 6 || record.find(good[1]) == 6) << record << " is not" << good[1];
}

TEST_F(Process, AnswersAfterTheDiskHasItWithDurabilitySync) {
  if (testing_the_stock_daemon()) GTEST_SKIP() << "a parameter of ours";
  spool.set({{"uflush_durability", "sync"}, {"hash_queue_names", "deferred, flush"}});
  const QmgrSocket qmgr{spool.queue().path("public/qmgr")};
  MasterStandIn master{spool, {.chroot = true}};
  ChildProcess& child = master.spawn();
  std::vector<FlushClient> clients;
  for (int i = 0; i < 20; ++i) {
    const std::string id = numbered("ID", i);
    spool.queue().add_deferred(id);
    clients.push_back(master.connect());
    clients.back().send(add_request(i % 2 == 0 ? "one.example" : "two.example", id));
  }
  for (FlushClient& client : clients) {
    EXPECT_EQ(client.read_announcement(), announcement_bytes);
    EXPECT_EQ(client.read_reply_and_finish().status(), status_ok);
  }
  for (const char* site : {"one.example", "two.example"})
    EXPECT_EQ(master.connect().ask(send_site_request(site)).status(), status_ok);
  EXPECT_THAT(spool.queue().ids_in("incoming"), SizeIs(20));
  master.disconnect();
  expect_exit(child, 0);
  EXPECT_THAT(log.texts(), IsEmpty());
}

#if defined(__has_feature)
#if __has_feature(undefined_behavior_sanitizer)
#define UFLUSH_SANITIZED
#endif
#endif
#ifdef UFLUSH_SANITIZED
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

TEST_F(Process, ServesWhoeverWaitsAsSoonAsOneOfTooManyDescriptorsIsFree) {
  if (testing_the_stock_daemon()) GTEST_SKIP() << "needs a process per client";
  if (sanitized)
    GTEST_SKIP() << "UBSan's look at a vtable needs a pipe, and there is no descriptor left for it";
  constexpr std::size_t few = 20;
  const std::string limited = spool.config_directory() + "/" + tested_daemon_name();
  write_file(limited,
             "#!/bin/sh\nulimit -n " + std::to_string(few) + "\nexec " + tested_daemon() + " \"$@\"\n");
  ASSERT_EQ(::chmod(limited.c_str(), 0755), 0);
  MasterStandIn master{spool, {.program = limited}};
  master.spawn();
  std::vector<FlushClient> clients;
  clients.push_back(master.connect());
  EXPECT_EQ(clients.front().read_announcement(), announcement_bytes);  // it has started
  do {
    clients.push_back(master.connect());
  } while (clients.size() < few && wait_readable(clients.back().fd(), Deadline{300ms}));
  ASSERT_LT(clients.size(), few);
  clients.front().close();
  EXPECT_EQ(clients.back().read_announcement(2000ms), announcement_bytes);
}

// ---- In company.

/// One of several daemons at work on one spool.
class Colleague {
 public:
  Colleague(const Spool& spool, std::string service, std::string program)
      : master_(spool, {.program = std::move(program), .service = std::move(service)}) {
    master_.supervise();
  }

  /// Adds `count` messages one by one, those in deferred; sends the site from time to time.
  void work(const Spool& spool, const std::string& prefix, int count) {
    for (int i = 0; i < count; ++i) {
      const std::string id = numbered(prefix, i);
      spool.queue().add_deferred(id);
      if (master_.connect().ask(add_request("example.com", id)).status() == status_ok) answered.push_back(id);
      if (i % 9 == 8 && master_.connect().ask(send_site_request("example.com")).status() != status_ok)
        ++failures;
    }
  }
  void send() {
    if (master_.connect().ask(send_site_request("example.com")).status() != status_ok) ++failures;
  }

  std::vector<std::string> answered;
  int failures = 0;

 private:
  MasterStandIn master_;
};

TEST_F(Process, SharesItsSpoolWithOthersOfItsKindAndWithTheStockDaemonAndNothingIsLost) {
  const QmgrSocket qmgr{spool.queue().path("public/qmgr")};
  Colleague one{spool, "flush", tested_daemon()};
  Colleague two{spool, "flush2", tested_daemon()};
  Colleague stock{spool, "flush3", stock_daemon};
  constexpr int messages_each = 300;
  std::vector<std::thread> threads;
  threads.emplace_back([&] { one.work(spool, "A", messages_each); });
  threads.emplace_back([&] { two.work(spool, "B", messages_each); });
  threads.emplace_back([&] { stock.work(spool, "C", messages_each); });
  for (std::thread& thread : threads) thread.join();
  one.send();
  const std::vector<std::string> moved = spool.queue().ids_in("incoming");
  for (const Colleague* colleague : {&one, &two, &stock}) {
    EXPECT_THAT(colleague->answered, SizeIs(messages_each));
    EXPECT_EQ(colleague->failures, 0);
    for (const std::string& id : colleague->answered)
      EXPECT_TRUE(std::binary_search(moved.begin(), moved.end(), id)) << id;
  }
  EXPECT_EQ(spool.queue().logfile("example_com"), "");
  EXPECT_THAT(spool.queue().inconsistencies(), IsEmpty());
  // The stock daemon says so when another one was faster.
  EXPECT_THAT(log.texts(), Each(HasSubstr("worked around spurious NFS error")));
}

}  // namespace
}  // namespace uflush::support
