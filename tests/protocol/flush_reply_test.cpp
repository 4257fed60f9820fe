#include "protocol/flush_reply.hpp"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace uflush {
namespace {

using namespace std::string_view_literals;
using Kind = ReplyStep::Kind;

TEST(Announcement, HasThirtyOneBytes) {
  EXPECT_EQ(announcement, "protocol\0queue_flush_protocol\0\0"sv);
  EXPECT_EQ(announcement.size(), 31u);
}

TEST(FlushReply, IsWrittenAsTheReferenceDoes) {  // BEHAVIOUR.md 2.2
  EXPECT_EQ(reply_bytes(Status::ok), "\x73\x74\x61\x74\x75\x73\x00\x30\x00\x00"sv);
  EXPECT_EQ(reply_bytes(Status::bad), "\x73\x74\x61\x74\x75\x73\x00\x33\x00\x00"sv);
  EXPECT_EQ(reply_bytes(Status::deny), "\x73\x74\x61\x74\x75\x73\x00\x34\x00\x00"sv);
  EXPECT_EQ(reply_bytes(Status::fail),
            "\x73\x74\x61\x74\x75\x73\x00\x34\x32\x39\x34\x39\x36\x37\x32\x39\x35\x00\x00"sv);
}

TEST(ReplyDecoder, ReadsBackEveryReply) {
  for (const Status status : {Status::ok, Status::bad, Status::deny, Status::fail}) {
    const std::string bytes = std::string(reply_bytes(status)) + "next";
    const ReplyStep step = decode_reply(bytes);
    EXPECT_EQ(step.kind, Kind::complete);
    EXPECT_EQ(step.status, status);
    EXPECT_EQ(step.consumed_bytes, bytes.size() - 4);
  }
}

TEST(ReplyDecoder, WantsMoreUntilTheLastByte) {
  const std::string_view reply = reply_bytes(Status::fail);
  for (std::size_t size = 0; size < reply.size(); ++size) {
    EXPECT_EQ(decode_reply(reply.substr(0, size)).kind, Kind::needs_more) << size;
  }
}

TEST(ReplyDecoder, TakesFailSignedOrUnsigned) {  // BEHAVIOUR.md 2.8
  EXPECT_EQ(decode_reply("status\0-1\0\0"sv).status, Status::fail);
  EXPECT_EQ(decode_reply("status\0004294967295\0\0"sv).status, Status::fail);
}

TEST(ReplyDecoder, KeepsANumberWithoutAName) {
  const ReplyStep step = decode_reply("status\0007\0\0"sv);
  EXPECT_EQ(step.kind, Kind::complete);
  EXPECT_EQ(static_cast<int>(step.status), 7);
}

TEST(ReplyDecoder, RefusesWhatIsNoReply) {
  for (const std::string_view bytes :
       {"3\0\0"sv, "\0"sv, "status\0x\0\0"sv, "status\0\0\0"sv, "status\0001x\0\0"sv, "status\000 1\0\0"sv,
        "status\0004294967296\0\0"sv, "status\0000\0more\0x\0\0"sv, "Status\0000\0\0"sv}) {
    EXPECT_EQ(decode_reply(bytes).kind, Kind::malformed) << bytes;
  }
}

}  // namespace
}  // namespace uflush
