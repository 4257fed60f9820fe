#include "protocol/queue_id.hpp"

#include <string>

#include <gtest/gtest.h>

namespace uflush {
namespace {

TEST(QueueId, AcceptsLettersDigitsAndUnderscore) {
  EXPECT_TRUE(is_valid_queue_id("ABCDEF12345"));
  EXPECT_TRUE(is_valid_queue_id("4SVLCh0000z5"));
  EXPECT_TRUE(is_valid_queue_id("example_com"));
}

TEST(QueueId, RefusesWhatCouldLeaveTheQueueDirectory) {
  EXPECT_FALSE(is_valid_queue_id("../etc/passwd"));
  EXPECT_FALSE(is_valid_queue_id("a/b"));
  EXPECT_FALSE(is_valid_queue_id("."));
}

TEST(QueueId, IsBetweenOneAnd255BytesLong) {
  EXPECT_FALSE(is_valid_queue_id(""));
  EXPECT_TRUE(is_valid_queue_id(std::string(255, 'a')));
  EXPECT_FALSE(is_valid_queue_id(std::string(256, 'a')));
}

}  // namespace
}  // namespace uflush
