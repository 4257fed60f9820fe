#include "protocol/trigger.hpp"

#include <gtest/gtest.h>

namespace uflush {
namespace {

using namespace std::string_view_literals;

TEST(QueueTrigger, IsOneByteInAFifo) {
  EXPECT_EQ(fifo_trigger_bytes(QueueTrigger::unthrottle), "F"sv);
  EXPECT_EQ(fifo_trigger_bytes(QueueTrigger::scan_incoming), "I"sv);
}

TEST(QueueTrigger, IsAByteAndANulOnASocket) {
  EXPECT_EQ(socket_trigger_bytes(QueueTrigger::unthrottle), "F\0"sv);
  EXPECT_EQ(socket_trigger_bytes(QueueTrigger::scan_incoming), "I\0"sv);
}

}  // namespace
}  // namespace uflush
