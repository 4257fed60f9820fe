/// Sites in tables for which Postfix has a plug-in, written without `proxy:`, as the stock daemon reads them
/// itself.
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/support/flush_client.hpp"
#include "tests/support/private_postfix.hpp"
#include "tests/support/smtp_client.hpp"

namespace uflush::support {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

/// With chroot and without; all but what says otherwise is the same for the stock daemon.
class DirectTable : public ::testing::TestWithParam<bool> {
 protected:
  /// A database that holds one site, and its definition, which only root may read: it could hold a password.
  DirectTable() {
    const std::string database = top_.path("sites.db");
    const Output made =
        run({"/usr/bin/sqlite3", database,
             std::string("create table sites(name text, value text); insert into sites values('") +
                 eligible_one + "', 'x'), ('empty.example', '');"});
    EXPECT_EQ(made.exit.status, 0) << made.err;
    write_file(top_.path("sites.cf"),
               "dbpath = " + database + "\nquery = SELECT value FROM sites WHERE name = '%s'\n");
    ::chmod(top_.path("").c_str(), 0755);
    ::chmod(top_.path("sites.cf").c_str(), 0600);
  }
  [[nodiscard]] std::string table() const { return "sqlite:" + top_.path("sites.cf"); }
  [[nodiscard]] PostfixOptions options(const std::string& list) const {
    return {.flush_chroot = GetParam(), .main_cf = {{"fast_flush_domains", list}}};
  }
  static std::optional<long long> add(const PrivatePostfix& postfix, const std::string& site) {
    return FlushClient{postfix.queue().path("public/flush")}.ask(add_request(site, "4Xk2bQ0z")).status();
  }

  TempDir top_;
};

TEST_P(DirectTable, DecidesForDeliveryAgentsAndPostqueueAndEtrn) {
  const PrivatePostfix postfix{options(table())};
  postfix.start();
  postfix.inject(eligible_one, 2);
  postfix.inject(not_eligible, 1);
  postfix.wait_until_settled();
  EXPECT_THAT(postfix.queue().log_lines("one_example"), SizeIs(2));
  EXPECT_FALSE(postfix.queue().logfile("three_example"));
  EXPECT_NE(postfix.command({"postqueue", "-s", not_eligible}).exit.status, 0);
  const SmtpSink sink{postfix.address_of(eligible_one)};
  EXPECT_EQ(postfix.command({"postqueue", "-s", eligible_one}).exit.status, 0);
  EXPECT_TRUE(sink.wait_for(2));
  EXPECT_EQ(postfix.queue().logfile("one_example"), "");
  SmtpClient etrn{postfix.smtpd_address()};
  EXPECT_THAT(etrn.command("EHLO client.example"), StartsWith("250 "));
  EXPECT_EQ(etrn.command(std::string("ETRN ") + eligible_one), "250 Queuing started");
  EXPECT_THAT(etrn.command(std::string("ETRN ") + not_eligible), StartsWith("459 "));
  EXPECT_THAT(postfix.complaints(), IsEmpty());
}

TEST_P(DirectTable, IsAskedForParentsInLowerCaseAndForAnEmptyValue) {
  const PrivatePostfix postfix{options(table())};
  postfix.start();
  EXPECT_EQ(add(postfix, std::string("a.b.") + eligible_one), status_ok);
  EXPECT_EQ(add(postfix, "ONE.Example"), status_ok);
  EXPECT_EQ(add(postfix, "empty.example"), status_ok);
  EXPECT_EQ(add(postfix, "-"), status_deny);
  EXPECT_EQ(add(postfix, "-q"), status_deny);
  EXPECT_EQ(add(postfix, "x' or 'a'='a"), status_deny);
  EXPECT_EQ(add(postfix, "two words.example"), status_deny);
}

TEST_P(DirectTable, MayStandAmongOthers) {
  const PrivatePostfix postfix{
      options("!no.one.example, unionmap:{inline:{u.example=1}, " + table() + "}, z.example")};
  postfix.start();
  EXPECT_EQ(add(postfix, "no.one.example"), status_deny);
  EXPECT_EQ(add(postfix, "yes.one.example"), status_ok);
  EXPECT_EQ(add(postfix, "u.example"), status_ok);
  EXPECT_EQ(add(postfix, "z.example"), status_ok);
  EXPECT_EQ(add(postfix, not_eligible), status_deny);
}

TEST_P(DirectTable, ThatCannotBeOpenedIsNamedOnceAtTheStartWithTheRemedy) {
  if (testing_the_stock_daemon()) GTEST_SKIP() << "the stock daemon does not start";
  const PrivatePostfix postfix{
      {.flush_arguments = "-o fast_flush_domains=sqlite:/nonexistent", .flush_chroot = GetParam()}};
  postfix.start();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(add(postfix, eligible_one), status_fail);
  EXPECT_TRUE(
      postfix.wait_for_log("mend that, or write proxy:sqlite:/nonexistent and list it in proxy_read_maps"));
  EXPECT_THAT(postfix.complaints(),
              ElementsAre(HasSubstr("warning: sqlite:/nonexistent cannot be asked: open /nonexistent: "
                                    "No such file or directory; mend that, or")));
}

TEST_P(DirectTable, IsLookedIntoByAProcessThatEndsWithTheDaemon) {
  if (testing_the_stock_daemon()) GTEST_SKIP() << "the stock daemon looks itself";
  const PrivatePostfix postfix{options(table())};
  postfix.start();
  EXPECT_EQ(add(postfix, eligible_one), status_ok);
  ASSERT_THAT(postfix.privileged_pids(), SizeIs(1));
  const pid_t pid = postfix.privileged_pids().front();
  const OwnedFd gone{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
  postfix.stop();
  EXPECT_TRUE(wait_readable(gone.get(), Deadline{patience}));
}

std::string place(const ::testing::TestParamInfo<bool>& info) {
  return info.param ? "InAChroot" : "OutsideOfAChroot";
}
INSTANTIATE_TEST_SUITE_P(Places, DirectTable, ::testing::Bool(), place);

}  // namespace
}  // namespace uflush::support
