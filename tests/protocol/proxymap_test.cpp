#include "protocol/proxymap.hpp"

#include <string>

#include <gtest/gtest.h>

namespace uflush {
namespace {

using namespace std::literals;
using Kind = ProxymapReplyStep::Kind;

std::string open_request(ProxymapForm form) {
  std::string bytes;
  append_proxymap_open(bytes, form, "hash:relay");
  return bytes;
}

std::string lookup_request(ProxymapForm form) {
  std::string bytes;
  append_proxymap_lookup(bytes, form, "hash:relay", "a.example");
  return bytes;
}

TEST(ProxymapRequest, HasTheBytesThatServersUpTo310Expect) {
  EXPECT_EQ(open_request(ProxymapForm::until_3_10), "request\0open\0table\0hash:relay\0flags\0000\0\0"s);
  EXPECT_EQ(lookup_request(ProxymapForm::until_3_10),
            "request\0lookup\0table\0hash:relay\0flags\000524352\0key\0a.example\0\0"s);
}

TEST(ProxymapRequest, NamesInstanceFlagsSince311) {
  EXPECT_EQ(open_request(ProxymapForm::since_3_11),
            "request\0open\0table\0hash:relay\0instance_flags\0000\0\0"s);
  EXPECT_EQ(lookup_request(ProxymapForm::since_3_11),
            "request\0lookup\0table\0hash:relay\0instance_flags\0000\0flags\000524352\0key\0a.example\0\0"s);
}

TEST(ProxymapReply, IsReadInEitherForm) {
  for (const std::string& reply : {"status\0000\0value\0x\0\0"s, "status\0000\0flags\00016\0value\0x\0\0"s}) {
    const ProxymapReplyStep step = decode_proxymap_reply(reply);
    EXPECT_EQ(step.kind, Kind::complete);
    EXPECT_EQ(step.status, ProxymapStatus::ok);
  }
  const ProxymapReplyStep missing = decode_proxymap_reply("status\0001\0value\0\0\0"sv);
  EXPECT_EQ(missing.kind, Kind::complete);
  EXPECT_EQ(missing.status, ProxymapStatus::no_key);
}

TEST(ProxymapReply, SaysWhichKeysATableIsFor) {
  EXPECT_EQ(decode_proxymap_reply("status\0000\0flags\00024\0\0"sv).flags & proxymap_flag_pattern, 0U);
  EXPECT_NE(decode_proxymap_reply("status\0000\0flags\00032\0\0"sv).flags & proxymap_flag_pattern, 0U);
}

TEST(ProxymapReply, IsCompleteWithItsLastByteOnly) {
  const std::string reply = "status\0000\0value\0some value\0\0"s;
  for (std::size_t bytes = 0; bytes < reply.size(); ++bytes)
    EXPECT_EQ(decode_proxymap_reply(std::string_view(reply).substr(0, bytes)).kind, Kind::needs_more)
        << bytes;
}

TEST(ProxymapReply, IsMalformedWithoutAStatusOrWithBytesBehindIt) {
  for (const std::string& reply : {"value\0x\0\0"s, "status\0x\0\0"s, "status\0-1\0\0"s, "\0"s,
                                   "status\0000\0flags\0many\0\0"s, "status\0000\0value\0\0\0s"s})
    EXPECT_EQ(decode_proxymap_reply(reply).kind, Kind::malformed) << reply;
}

TEST(ProxymapReply, KeepsStatusesThatHaveNoName) {
  const ProxymapReplyStep step = decode_proxymap_reply("status\00099\0value\0\0\0"sv);
  EXPECT_EQ(step.kind, Kind::complete);
  EXPECT_EQ(static_cast<std::uint32_t>(step.status), 99U);
}

}  // namespace
}  // namespace uflush
