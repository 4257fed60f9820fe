/// The rows are those of BEHAVIOUR.md 4.4.
#include "protocol/queue_path.hpp"

#include <string>

#include <gtest/gtest.h>

namespace uflush {
namespace {

std::string hashed(int depth, std::string_view id) {
  return QueueLayout("deferred", depth).hash_directory("deferred", id);
}

TEST(QueuePath, HashesAShortIdByItsFirstCharacters) {
  EXPECT_EQ(hashed(2, "ABCDEF12345"), "A/B/");
  EXPECT_EQ(hashed(1, "ABCDEF12345"), "A/");
  EXPECT_EQ(hashed(7, "ABCDEF12345"), "A/B/C/D/E/F/1/");
}

TEST(QueuePath, PadsAShortNameWithUnderscores) {
  EXPECT_EQ(hashed(2, "A"), "A/_/");
  EXPECT_EQ(hashed(5, "ABC"), "A/B/C/_/_/");
}

TEST(QueuePath, HashesALongIdByItsMicroseconds) {
  EXPECT_EQ(hashed(2, "4SVLCh0000z5"), "0/0/");
  EXPECT_EQ(hashed(2, "BBBBBBBBBBz"), "1/5/");
  EXPECT_EQ(hashed(7, "BBBBBBBBBBz"), "1/5/E/0/3/2/_/");
  EXPECT_EQ(hashed(6, "4SVLCh0001z5"), "0/0/0/0/1/_/");
}

TEST(QueuePath, TakesTheLastSmallZForTheSeparator) {
  EXPECT_EQ(hashed(5, "4SVLzh0000z5"), "0/0/0/0/0/");
  EXPECT_EQ(hashed(2, "4SVLCh000z5"), "4/S/");            // too early
  EXPECT_EQ(hashed(2, "4SVLCh0000Z5"), "4/S/");           // not that letter
  EXPECT_EQ(hashed(5, "4SVLCh0000zzzzz"), "6/F/9/0/F/");  // "zzzz" in front of the last one
}

TEST(QueuePath, TakesALogfileNameForALongIdIfItLooksLikeOne) {
  EXPECT_EQ(hashed(2, "mail_example_biz"), "0/0/");
}

TEST(QueuePath, HashesTheListedQueuesOnly) {
  const QueueLayout layout("deferred, defer", 1);
  EXPECT_TRUE(layout.is_hashed("deferred"));
  EXPECT_TRUE(layout.is_hashed("defer"));
  EXPECT_FALSE(layout.is_hashed("incoming"));
  EXPECT_FALSE(layout.is_hashed("deferre"));
  EXPECT_FALSE(layout.is_hashed(""));
  EXPECT_EQ(layout.path("deferred", "ABCDEF12345"), "deferred/A/ABCDEF12345");
  EXPECT_EQ(layout.path("incoming", "ABCDEF12345"), "incoming/ABCDEF12345");
  EXPECT_EQ(layout.hash_directory("incoming", "ABCDEF12345"), "");
}

TEST(QueuePath, SeparatesTheNamesAtCommasAndBlanksInAnyCase) {
  const QueueLayout layout(" Deferred,\tFLUSH\r\n,,incoming ", 2);
  EXPECT_TRUE(layout.is_hashed("deferred"));
  EXPECT_TRUE(layout.is_hashed("flush"));
  EXPECT_TRUE(layout.is_hashed("Incoming"));
  EXPECT_EQ(layout.path("flush", "example_com"), "flush/e/x/example_com");
}

TEST(QueuePath, AppendsBehindWhatIsThere) {
  std::string out = "/spool/";
  QueueLayout("deferred", 1).append_path(out, "deferred", "ABC");
  EXPECT_EQ(out, "/spool/deferred/A/ABC");
}

TEST(QueuePathDeathTest, NeverLeavesTheQueue) {
  const QueueLayout layout("deferred", 1);
  EXPECT_DEATH(static_cast<void>(layout.path("incoming", "../etc/passwd")), "is_valid_queue_id");
}

}  // namespace
}  // namespace uflush
