#include "protocol/flush_request.hpp"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "protocol/attr_encoder.hpp"

namespace uflush {
namespace {

using namespace std::string_view_literals;

std::string encoded(const FlushRequest& request) {
  std::string bytes;
  append_request(bytes, request);
  return bytes;
}

TEST(FlushRequest, IsWrittenInTheBytesOfTheStockClients) {  // BEHAVIOUR.md 2.2
  EXPECT_EQ(encoded(AddRequest{"example.com", "ABCDEF12345"}),
            "request\0add\0site\0example.com\0queue_id\0ABCDEF12345\0\0"sv);
  EXPECT_EQ(encoded(SendSiteRequest{"example.com"}), "request\0send_site\0site\0example.com\0\0"sv);
  EXPECT_EQ(encoded(SendFileRequest{"ABCDEF12345"}), "request\0send_file\0queue_id\0ABCDEF12345\0\0"sv);
  EXPECT_EQ(encoded(RefreshRequest{}), "request\0rfrsh\0\0"sv);
  EXPECT_EQ(encoded(PurgeRequest{}), "request\0purge\0\0"sv);
}

TEST(FlushRequest, IsAppendedBehindWhatIsThere) {
  std::string bytes = "before";
  append_request(bytes, PurgeRequest{});
  EXPECT_EQ(bytes, "beforerequest\0purge\0\0"sv);
}

TEST(AttrEncoder, KeepsAnEmptyValue) {
  std::string bytes;
  append_attribute(bytes, "value", "");
  append_list_terminator(bytes);
  EXPECT_EQ(bytes, "value\0\0\0"sv);
}

TEST(AttrEncoderDeathTest, RefusesTextThatWouldBreakTheList) {
  std::string bytes;
  EXPECT_DEATH(append_attribute(bytes, "", "x"), "name.empty");
  EXPECT_DEATH(append_attribute(bytes, "site", "a\0b"sv), "value.find");
}

}  // namespace
}  // namespace uflush
