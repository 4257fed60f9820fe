#include "core/privileged_protocol.hpp"

#include <string>

#include <gtest/gtest.h>

namespace uflush {
namespace {

using Kind = PrivilegedMessage::Kind;

TEST(PrivilegedMessage, IsReadAsItWasWritten) {
  const PrivilegedMessage message{
      .kind = Kind::look_up, .number = 7, .detail = 3, .text = std::string("a\0b", 3)};
  const auto read = decode_privileged(encode_privileged(message));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->kind, Kind::look_up);
  EXPECT_EQ(read->number, 7U);
  EXPECT_EQ(read->detail, 3U);
  EXPECT_EQ(read->text, message.text);
}

TEST(PrivilegedMessage, HasALimit) {
  const PrivilegedMessage message{.kind = Kind::answer, .text = std::string(100'000, 'x')};
  const std::string packet = encode_privileged(message);
  EXPECT_EQ(packet.size(), privileged_message_bytes_max);
  EXPECT_TRUE(decode_privileged(packet));
  EXPECT_FALSE(decode_privileged(packet + "x"));
}

TEST(PrivilegedMessage, IsNotJustAnything) {
  EXPECT_FALSE(decode_privileged(""));
  EXPECT_FALSE(decode_privileged("short"));
  EXPECT_FALSE(decode_privileged(std::string(12, '\xFF')));
}

TEST(PrivilegedMessage, CarriesFilesAndSettings) {
  const StampedFile file{.path = "/etc/postfix/main.cf", .stamp = {.exists = 1, .inode = 5, .contents = 9}};
  const auto read = decode_file(encode_file(file));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->path, file.path);
  EXPECT_TRUE(read->stamp.looks_like(file.stamp));
  EXPECT_EQ(read->stamp.contents, 9U);
  EXPECT_FALSE(decode_file("short"));
  const PostmapSettings settings{.program = "/p",
                                 .config_directory = "/c",
                                 .directory = "/d",
                                 .utf8 = true,
                                 .time_limit = std::chrono::seconds{3}};
  const auto known = decode_settings(encode_settings(settings));
  ASSERT_TRUE(known);
  EXPECT_EQ(known->program, "/p");
  EXPECT_EQ(known->config_directory, "/c");
  EXPECT_EQ(known->directory, "/d");
  EXPECT_TRUE(known->utf8);
  EXPECT_EQ(known->time_limit, std::chrono::seconds{3});
  EXPECT_FALSE(decode_settings(""));
}

TEST(PrivilegedKey, IsShortAndHasNoControlCharacters) {
  EXPECT_TRUE(is_privileged_key("example.com"));
  EXPECT_TRUE(is_privileged_key("-"));
  EXPECT_TRUE(is_privileged_key("ex\xC3\xA4mple"));
  EXPECT_TRUE(is_privileged_key(std::string(255, 'a')));
  EXPECT_FALSE(is_privileged_key(std::string(256, 'a')));
  EXPECT_FALSE(is_privileged_key(""));
  EXPECT_FALSE(is_privileged_key("a\nb"));
  EXPECT_FALSE(is_privileged_key(std::string("a\0b", 3)));
  EXPECT_FALSE(is_privileged_key("a\x7F"));
}

}  // namespace
}  // namespace uflush
