/// What requests do to queue files and logfiles, and in which order the queue manager hears of it
/// (BEHAVIOUR.md 3).
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/log_socket.hpp"
#include "tests/support/master_stand_in.hpp"
#include "tests/support/qmgr_socket.hpp"

namespace uflush::support {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

namespace fs = std::filesystem;

constexpr std::time_t hour_s = 3600;
constexpr std::time_t day_s = 24 * hour_s;

class SpoolEffects : public ::testing::Test {
 protected:
  SpoolEffects() { master.supervise(); }

  /// Sends it, expects OK, and takes what was logged.
  std::vector<std::string> logged_by(const std::string& request) {
    EXPECT_EQ(master.connect().ask(request).status(), status_ok);
    EXPECT_EQ(master.connect().ask(bytes("marker\0x\0\0")).status(), status_bad);
    return log.take_texts_before("unexpected attribute marker");
  }

  Spool spool;
  const QueueDirectory& queue = spool.queue();
  LogSocket log{queue.path("public/postlog")};
  QmgrSocket qmgr{queue.path("public/qmgr")};
  MasterStandIn master{spool};
};

std::time_t age_s(const std::optional<Entry>& file) {
  return file ? std::time(nullptr) - file->mtime : -1;
}

TEST_F(SpoolEffects, SendSiteMovesEveryListedFileWhateverItsModeAndEmptiesTheLogfile) {
  queue.add_deferred("AAA1");
  queue.add_deferred("AAA2", 0600);
  queue.add_deferred("BBB3", 0740);
  queue.add_deferred("CCC4");
  queue.write_logfile("example_com", "AAA1\nAAA2\nBBB3\nGONE5\nAAA1\n", 2 * day_s);
  EXPECT_THAT(logged_by(send_site_request("Example.COM")), IsEmpty());
  EXPECT_THAT(queue.ids_in("incoming"), ElementsAre("AAA1", "AAA2", "BBB3"));
  EXPECT_THAT(queue.ids_in("deferred"), ElementsAre("CCC4"));
  EXPECT_EQ(queue.queue_file("incoming", "AAA1")->mode & 07777, 0700U);
  EXPECT_EQ(queue.queue_file("incoming", "AAA2")->mode & 07777, 0600U);
  EXPECT_EQ(queue.queue_file("incoming", "BBB3")->mode & 07777, 0740U);
  EXPECT_EQ(queue.logfile("example_com"), "");
  EXPECT_LT(age_s(queue.queue_file("flush", "example_com")), hour_s);
  EXPECT_TRUE(qmgr.wait_for("I"));
  EXPECT_EQ(qmgr.triggers().front(), 'F');
  EXPECT_EQ(qmgr.triggers().back(), 'I');
}

TEST_F(SpoolEffects, SendSiteRefreshesTheTimesOfTheFilesThatItMoves) {
  queue.add_deferred("AAA1");
  const timespec future{std::time(nullptr) + hour_s, 0};
  const timespec times[2] = {future, future};
  ASSERT_EQ(::utimensat(AT_FDCWD, queue.path("deferred/A/AAA1").c_str(), times, 0), 0);
  queue.write_logfile("example_com", "AAA1\n");
  EXPECT_THAT(logged_by(send_site_request("example.com")), IsEmpty());
  EXPECT_LE(queue.queue_file("incoming", "AAA1")->mtime, std::time(nullptr));
}

TEST_F(SpoolEffects, SendSiteOfAnUnknownSiteTellsTheQueueManagerNothing) {
  EXPECT_THAT(logged_by(send_site_request("unknown.example")), IsEmpty());
  queue.write_logfile("known_example", "NONE\n");
  EXPECT_THAT(logged_by(send_site_request("known.example")), IsEmpty());
  EXPECT_TRUE(qmgr.wait_for("I"));
  EXPECT_EQ(qmgr.triggers(), "FI");
}

TEST_F(SpoolEffects, SendSiteOfAnEmptyLogfileUnthrottlesOnly) {
  queue.write_logfile("empty_example", "");
  EXPECT_THAT(logged_by(send_site_request("empty.example")), IsEmpty());
  queue.write_logfile("known_example", "NONE\n");
  EXPECT_THAT(logged_by(send_site_request("known.example")), IsEmpty());
  EXPECT_TRUE(qmgr.wait_for("I"));
  EXPECT_EQ(qmgr.triggers(), "FFI");
}

TEST_F(SpoolEffects, SendSiteComplainsAboutEachBadLineAndEmptiesTheLogfileAllTheSame) {
  queue.add_deferred("AAA1");
  queue.write_logfile("example_com", "no good\n\nAAA1\n../../etc/passwd_and_a_lot_more_behind_it\nLAST");
  const std::string head = "warning: bad queue id \"";
  const std::string tail = "...\" in fast flush logfile example_com";
  EXPECT_THAT(
      logged_by(send_site_request("example.com")),
      ElementsAre(head + "no good" + tail, head + tail, head + "../../etc/passwd_and_a_lot_mor" + tail));
  EXPECT_THAT(queue.ids_in("incoming"), ElementsAre("AAA1"));
  EXPECT_EQ(queue.logfile("example_com"), "");
}

TEST_F(SpoolEffects, SendSiteLeavesHeldAndActiveMessagesAlone) {
  for (const char* place : {"hold/AAA1", "active/AAA2"}) write_file(queue.path(place), "message");
  queue.write_logfile("example_com", "AAA1\nAAA2\n");
  EXPECT_THAT(logged_by(send_site_request("example.com")), IsEmpty());
  EXPECT_THAT(queue.ids_in("hold"), ElementsAre("AAA1"));
  EXPECT_THAT(queue.ids_in("active"), ElementsAre("AAA2"));
}

TEST_F(SpoolEffects, SendFileMarksTheMessageForUnthrottling) {
  queue.add_deferred("AAA1");
  EXPECT_THAT(logged_by(send_file_request("AAA1")), IsEmpty());
  EXPECT_EQ(queue.queue_file("incoming", "AAA1")->mode & 07777, 0740U);
  EXPECT_TRUE(qmgr.wait_for("I"));
  EXPECT_EQ(qmgr.triggers(), "I");
}

TEST_F(SpoolEffects, SendFileLeavesIncompleteAndHardLinkedFilesWhereTheyAre) {
  queue.add_deferred("AAA1", 0600);
  queue.add_deferred("AAA2");
  fs::create_hard_link(queue.path("deferred/A/AAA2"), queue.path("deferred/A/LINK"));
  EXPECT_THAT(logged_by(send_file_request("AAA1")), IsEmpty());
  EXPECT_THAT(logged_by(send_file_request("AAA2")),
              ElementsAre("warning: flush_one_file: open deferred/A/AAA2: file has 2 hard links"));
  EXPECT_THAT(queue.ids_in("incoming"), IsEmpty());
  EXPECT_THAT(queue.ids_in("deferred"), ElementsAre("AAA1", "AAA2", "LINK"));
  EXPECT_EQ(qmgr.triggers(), "");
}

TEST_F(SpoolEffects, SendFileRefusesSymbolicLinks) {
  queue.add_deferred("AAA1");
  fs::create_symlink("AAA1", queue.path("deferred/A/AAA2"));
  ASSERT_EQ(::lchown(queue.path("deferred/A/AAA2").c_str(), mail_owner().uid, mail_owner().gid), 0);
  EXPECT_THAT(logged_by(send_file_request("AAA2")),
              ElementsAre("warning: flush_one_file: open deferred/A/AAA2: file is a symbolic link"));
  EXPECT_THAT(queue.ids_in("deferred"), ElementsAre("AAA1"));
}

TEST_F(SpoolEffects, PurgeSendsEveryLogfileThatWasNotTouchedInThisSecond) {
  queue.add_deferred("AAA1");
  queue.add_deferred("AAA2");
  queue.write_logfile("one_example", "AAA1\n", 5);
  queue.write_logfile("two_example", "AAA2\n", -hour_s);  // from the future
  EXPECT_THAT(logged_by(purge_request()), IsEmpty());
  EXPECT_TRUE(qmgr.wait_for("I"));
  EXPECT_EQ(qmgr.triggers(), "I");
  EXPECT_THAT(queue.ids_in("incoming"), ElementsAre("AAA1"));
  EXPECT_EQ(queue.logfile("one_example"), "");
  EXPECT_EQ(queue.logfile("two_example"), "AAA2\n");
}

TEST_F(SpoolEffects, RefreshRemovesEmptyLogfilesAfterAWeekAndSendsWhatNobodyReadForTwelveHours) {
  queue.add_deferred("AAA1");
  queue.write_logfile("old_example", "AAA1\n", 13 * hour_s);
  queue.write_logfile("young_example", "AAA1\n", 11 * hour_s);
  queue.write_logfile("gone_example", "", 8 * day_s);
  queue.write_logfile("stays_example", "", 6 * day_s);
  write_file(queue.path("flush/not a log"), "");
  EXPECT_THAT(logged_by(refresh_request()), IsEmpty());
  EXPECT_TRUE(qmgr.wait_for("I"));
  EXPECT_THAT(queue.log_names(), ElementsAre("not a log", "old_example", "stays_example", "young_example"));
  EXPECT_EQ(queue.logfile("old_example"), "");
  EXPECT_EQ(queue.logfile("young_example"), "AAA1\n");
}

TEST_F(SpoolEffects, AddAppendsWithoutALookAtWhatIsThere) {
  queue.write_logfile("example_com", "AAA1\n", 2 * day_s);
  const std::time_t atime = queue.queue_file("flush", "example_com")->atime;
  for (const char* id : {"AAA1", "AAA2", "AAA1"})
    EXPECT_THAT(logged_by(add_request("example.com", id)), IsEmpty());
  EXPECT_EQ(queue.queue_file("flush", "example_com")->atime, atime);
  EXPECT_EQ(queue.logfile("example_com"), "AAA1\nAAA1\nAAA2\nAAA1\n");
}

TEST_F(SpoolEffects, AddFollowsSymbolicLinksWithinTheSpool) {
  queue.write_logfile("real_example", "AAA1\n");
  fs::create_symlink("real_example", queue.path("flush/example_com"));
  EXPECT_THAT(logged_by(add_request("example.com", "AAA2")), IsEmpty());
  EXPECT_EQ(queue.logfile("real_example"), "AAA1\nAAA2\n");
}

TEST_F(SpoolEffects, SendSiteOverwritesWhatIsInIncomingAndTouchesWhatIsThere) {
  queue.add_deferred("AAA1");
  write_file(queue.path("incoming/AAA1"), "older");
  write_file(queue.path("incoming/AAA2"), "arrived");
  const timespec then{std::time(nullptr) - day_s, 0};
  const timespec times[2] = {then, then};
  for (const char* path : {"incoming/AAA1", "incoming/AAA2"}) {
    ASSERT_EQ(::chown(queue.path(path).c_str(), mail_owner().uid, mail_owner().gid), 0);
    ASSERT_EQ(::utimensat(AT_FDCWD, queue.path(path).c_str(), times, 0), 0);
  }
  queue.write_logfile("example_com", "AAA1\nAAA2\n");
  EXPECT_THAT(logged_by(send_site_request("example.com")), IsEmpty());
  EXPECT_THAT(queue.ids_in("deferred"), IsEmpty());
  EXPECT_NE(read_file(queue.path("incoming/AAA1")), "older");
  EXPECT_LT(age_s(queue.queue_file("incoming", "AAA2")), hour_s);
}

TEST_F(SpoolEffects, AddMakesAMissingFlushDirectoryWhenItMay) {
  fs::remove(queue.path("flush"));
  ASSERT_EQ(::chmod(queue.path().c_str(), 0777), 0);
  EXPECT_THAT(logged_by(add_request("example.com", "AAA1")), IsEmpty());
  EXPECT_EQ(queue.logfile("example_com"), "AAA1\n");
  EXPECT_EQ(fs::status(queue.path("flush")).permissions(), fs::perms::owner_all);
}

struct Name {
  const char* site;
  long long status;
  const char* log_name;
};

TEST_F(SpoolEffects, SitesShareLogfilesAsTheirNamesSay) {
  const std::vector<Name> names = {
      {"EXAMPLE.Com", status_ok, "example_com"},
      {"bücher.example", status_ok, "xn__bcher_kva_example"},
      {"xn--bcher-kva.example", status_ok, "xn__bcher_kva_example"},
      {"faß.de", status_ok, "xn__fa_hia_de"},
      {"ex-ample.com", status_ok, "ex_ample_com"},
      {"ex_ample.com", status_ok, "ex_ample_com"},
      {"[1.2.3.4]", status_deny, ""},
      {"1.2.3.4", status_deny, ""},
      {"example.com.", status_deny, ""},
      {".example.com", status_deny, ""},
      {"a b.com", status_deny, ""},
      {"\xff\xfe.example", status_deny, ""},
  };
  for (const Name& name : names) {
    EXPECT_EQ(master.connect().ask(add_request(name.site, "AAA1")).status(), name.status) << name.site;
    EXPECT_THAT(queue.log_names(), name.status == status_ok ? ::testing::Matcher<std::vector<std::string>>(
                                                                  ElementsAre(name.log_name))
                                                            : IsEmpty())
        << name.site;
    for (const std::string& log_name : queue.log_names()) fs::remove(queue.path("flush/" + log_name));
  }
}

TEST(SpoolEffectsOfDepth, HashDirectoriesAreMadeAndFound) {
  const Spool spool{{{"hash_queue_names", "deferred, incoming, flush"}, {"hash_queue_depth", "2"}}};
  const QueueDirectory& queue = spool.queue();
  const LogSocket log{queue.path("public/postlog")};
  const QmgrSocket qmgr{queue.path("public/qmgr"), QmgrSocket::Kind::fifo};
  MasterStandIn master{spool};
  master.supervise();
  fs::create_directories(queue.path("deferred/A/B"));
  for (const char* name : {"deferred/A", "deferred/A/B"})
    ASSERT_EQ(::chown(queue.path(name).c_str(), mail_owner().uid, mail_owner().gid), 0);
  write_file(queue.path("deferred/A/B/ABCDEF1"), "message");
  ASSERT_EQ(::chown(queue.path("deferred/A/B/ABCDEF1").c_str(), mail_owner().uid, mail_owner().gid), 0);
  for (const char* site : {"example.com", "mail.example.biz"})
    EXPECT_EQ(master.connect().ask(add_request(site, "ABCDEF1")).status(), status_ok);
  EXPECT_EQ(queue.logfile("e/x/example_com"), "ABCDEF1\n");
  EXPECT_EQ(queue.logfile("0/0/mail_example_biz"), "ABCDEF1\n");
  EXPECT_EQ(master.connect().ask(send_site_request("example.com")).status(), status_ok);
  EXPECT_TRUE(fs::exists(queue.path("incoming/A/B/ABCDEF1")));
  EXPECT_TRUE(qmgr.wait_for("I"));
  EXPECT_EQ(qmgr.triggers(), "FI");
  EXPECT_THAT(log.texts(), IsEmpty());
}

}  // namespace
}  // namespace uflush::support
