/// The two rings, and the daemon in surroundings that refuse it one.
#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>

#include "tests/support/log_socket.hpp"
#include "tests/support/master_stand_in.hpp"
#include "tests/support/qmgr_socket.hpp"

namespace uflush::support {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr const char* with_epoll = "anon_inode:[eventpoll]";
constexpr const char* with_io_uring = "anon_inode:[io_uring]";

class Backend : public ::testing::Test {
 protected:
  void SetUp() override {
    if (testing_the_stock_daemon()) GTEST_SKIP() << "there is no ring in the stock daemon";
  }

  /// Works in every respect: many clients at once, a send.
  void expect_service(const MasterStandIn& master) const {
    std::vector<FlushClient> clients;
    for (int i = 0; i < 20; ++i) clients.push_back(master.connect());
    for (FlushClient& client : clients) {
      const std::string id = std::string("ID").append(std::to_string(&client - clients.data()));
      spool.queue().add_deferred(id);
      EXPECT_EQ(client.ask(add_request("example.com", id)).status(), status_ok);
    }
    EXPECT_THAT(spool.queue().log_lines("example_com"), SizeIs(clients.size()));
    EXPECT_EQ(master.connect().ask(send_site_request("example.com")).status(), status_ok);
    EXPECT_THAT(spool.queue().ids_in("incoming"), SizeIs(clients.size()));
    EXPECT_TRUE(qmgr.wait_for("I"));
  }
  [[nodiscard]] static bool has_open(const ChildProcess& child, const std::string& what) {
    const std::filesystem::directory_iterator open("/proc/" + std::to_string(child.pid()) + "/fd");
    return std::any_of(begin(open), end(open), [&](const auto& entry) {
      std::error_code gone;
      return std::filesystem::read_symlink(entry.path(), gone) == what;
    });
  }

  Spool spool;
  LogSocket log{spool.queue().path("public/postlog")};
  QmgrSocket qmgr{spool.queue().path("public/qmgr")};
};

TEST_F(Backend, IsEpollWithoutAWordWhenThatIsChosen) {
  for (const bool chroot : {false, true}) {
    MasterStandIn master{spool, {.chroot = chroot, .arguments = {"-o", "uflush_backend=portable"}}};
    const ChildProcess& child = master.spawn();
    expect_service(master);
    EXPECT_TRUE(has_open(child, with_epoll));
    EXPECT_FALSE(has_open(child, with_io_uring));
    EXPECT_THAT(log.texts(), IsEmpty());
    for (const std::string& id : spool.queue().ids_in("incoming"))
      std::filesystem::remove(spool.queue().path("incoming/" + id));
  }
}

TEST_F(Backend, IsIoUringWhereverThatWorks) {
  for (const char* backend : {"auto", "io_uring"}) {
    MasterStandIn master{spool, {.arguments = {"-o", std::string("uflush_backend=") + backend}}};
    ChildProcess& child = master.spawn();
    if (const std::optional<StatusRecord> record = master.read_status(1ms);
        record || log.wait_for("io_uring", 1ms))
      GTEST_SKIP() << "io_uring does not work here";
    EXPECT_EQ(master.connect().ask(add_request("example.com", "ABC")).status(), status_ok);
    EXPECT_TRUE(has_open(child, with_io_uring));
    EXPECT_FALSE(has_open(child, with_epoll));
    EXPECT_THAT(log.texts(), IsEmpty());
  }
}

// Missing (RHEL 9.0) and forbidden (kernel.io_uring_disabled, Docker) look like this.
TEST_F(Backend, IsEpollWithOneWarningWhereThereIsNoIoUring) {
  struct Case {
    int error;
    const char* words;
  };
  for (const Case& refusal :
       {Case{ENOSYS, "this kernel has no io_uring"},
        Case{EPERM, "io_uring is forbidden here: see sysctl kernel.io_uring_disabled"}}) {
    MasterStandIn master{
        spool,
        {.chroot = true,
         .arguments = {"-o", "uflush_backend=auto"},
         .call_filter = CallFilter::refusing({SYS_io_uring_setup}, Refusal::with(refusal.error))}};
    const ChildProcess& child = master.spawn();
    expect_service(master);
    EXPECT_TRUE(has_open(child, with_epoll));
    EXPECT_THAT(log.take_texts(),
                ElementsAre(AllOf(StartsWith("warning: using epoll, which is slower (with uflush_backend = "
                                             "portable there is no warning): "),
                                  HasSubstr(refusal.words))));
    for (const std::string& id : spool.queue().ids_in("incoming"))
      std::filesystem::remove(spool.queue().path("incoming/" + id));
  }
}

TEST_F(Backend, IsEpollAlsoWhereIoUringIsInsistedOnAndThereIsNone) {
  MasterStandIn master{spool,
                       {.chroot = true,
                        .arguments = {"-o", "uflush_backend=io_uring"},
                        .call_filter = CallFilter::refusing({SYS_io_uring_setup}, Refusal::with(EPERM))}};
  const ChildProcess& child = master.spawn();
  expect_service(master);
  EXPECT_TRUE(has_open(child, with_epoll));
  EXPECT_THAT(log.texts(),
              ElementsAre(AllOf(StartsWith("warning: uflush_backend = io_uring cannot be had: using epoll"),
                                HasSubstr("io_uring is forbidden here"))));
}

}  // namespace
}  // namespace uflush::support
