/// Sites in tables that only proxymap(8) reads.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/flush_client.hpp"
#include "tests/support/private_postfix.hpp"

namespace uflush::support {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// Defers a message for a site of the table and flushes it; another one's site is in no table.
void defer_and_flush(const PrivatePostfix& postfix) {
  postfix.start();
  postfix.inject(eligible_one, 2);
  postfix.inject(not_eligible, 1);
  postfix.wait_until_settled();
  EXPECT_THAT(postfix.queue().log_lines("one_example"), SizeIs(2));
  EXPECT_FALSE(postfix.queue().logfile("three_example"));
  const SmtpSink sink{postfix.address_of(eligible_one)};
  EXPECT_EQ(postfix.command({"postqueue", "-s", eligible_one}).exit.status, 0);
  EXPECT_TRUE(sink.wait_for(2));
  EXPECT_EQ(postfix.queue().logfile("one_example"), "");
}

class Proxied : public ::testing::Test {
 protected:
  /// A table file, compiled or not, that holds one site.
  std::string make_sqlite() {
    const std::string database = top_.path("sites.db");
    const Output made = run({"/usr/bin/sqlite3", database,
                             std::string("create table sites(name text); insert into sites "
                                         "values('") +
                                 eligible_one + "');"});
    EXPECT_EQ(made.exit.status, 0) << made.err;
    const std::string definition = top_.path("sites.cf");
    write_file(definition, "dbpath = " + database + "\nquery = SELECT name FROM sites WHERE name = '%s'\n");
    return "sqlite:" + definition;
  }

  std::string make_hash(const std::string& key = eligible_one) {
    const std::string source = top_.path("sites");
    write_file(source, key + " x\n");
    const std::string table = "hash:" + source;
    write_file(top_.path("main.cf"), "compatibility_level = 3.6\n");
    EXPECT_EQ(run({"/usr/sbin/postmap", "-c", top_.path(), table}).exit.status, 0);
    return table;
  }

  TempDir top_;
};

TEST_F(Proxied, HashTableDecides) {
  for (const bool chroot : {false, true}) {
    const std::string table = "proxy:" + make_hash();
    const PrivatePostfix postfix{
        {.flush_chroot = chroot, .main_cf = {{"fast_flush_domains", table}, {"proxy_read_maps", table}}}};
    defer_and_flush(postfix);
    EXPECT_THAT(postfix.complaints(), IsEmpty());
  }
}

TEST_F(Proxied, SqliteTableDecidesWithAndWithoutPrefix) {
  const std::string table = make_sqlite();
  for (const char* prefix : {"proxy:", ""}) {
    if (testing_the_stock_daemon() && *prefix == '\0') continue;  // it opens the database itself
    const PrivatePostfix postfix{
        {.main_cf = {{"fast_flush_domains", prefix + table}, {"proxy_read_maps", "proxy:" + table}}}};
    defer_and_flush(postfix);
    EXPECT_THAT(postfix.complaints(), IsEmpty()) << prefix;
  }
}

// The stock daemon asks at its start, ours with the first request.
TEST_F(Proxied, HashTableSaysWhetherDomainsStandForTheirSubdomains) {
  const std::string table = "proxy:" + make_hash("fast_flush_domains");
  const PrivatePostfix postfix{
      {.flush_arguments = "-o parent_domain_matches_subdomains=!" + table,
       .main_cf = {{"fast_flush_domains", std::string(eligible_one) + ", ." + not_eligible},
                   {"proxy_read_maps", table}}}};
  postfix.start();
  const auto status_of = [&](const std::string& site) {
    return FlushClient{postfix.queue().path("public/flush")}.ask(add_request(site, "ABC")).status();
  };
  EXPECT_EQ(status_of(eligible_one), status_ok);
  EXPECT_EQ(status_of(std::string("a.") + eligible_one), status_deny);
  EXPECT_EQ(status_of(std::string("a.") + not_eligible), status_ok);
  EXPECT_THAT(postfix.complaints(), IsEmpty());
}

/// Only the flush daemon gets the list here: other programs of Postfix end when they cannot read it.
Reply ask_about_one(const std::string& table, const PrivatePostfix& postfix) {
  postfix.start();
  Reply reply = FlushClient{postfix.queue().path("public/flush")}.ask(send_site_request(eligible_one));
  EXPECT_TRUE(postfix.wait_for_log("warning: fast_flush_domains: " + table + ": table lookup problem"));
  return reply;
}

TEST_F(Proxied, TableThatIsNotListedIsNamedInTheLog) {
  if (testing_the_stock_daemon()) GTEST_SKIP() << "the stock daemon ends instead";
  const std::string table = make_hash();
  const PrivatePostfix postfix{{.flush_arguments = "-o fast_flush_domains=proxy:" + table}};
  EXPECT_EQ(ask_about_one("proxy:" + table, postfix).status(), status_fail);
  EXPECT_THAT(postfix.log(), HasSubstr("warning: proxy:" + table +
                                       " is unavailable. proxymap service is not configured for table \"" +
                                       table + "\": list proxy:" + table + " in proxy_read_maps"));
}

TEST_F(Proxied, TableThatIsBrokenFailsTheRequest) {
  const std::string table = "proxy:hash:" + top_.path("missing");
  const PrivatePostfix postfix{
      {.flush_arguments = "-o fast_flush_domains=" + table, .main_cf = {{"proxy_read_maps", table}}}};
  EXPECT_EQ(ask_about_one(table, postfix).status(), status_fail);
}

}  // namespace
}  // namespace uflush::support
