#include "protocol/attr_decoder.hpp"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace uflush {
namespace {

using namespace std::string_view_literals;
using Kind = AttrStep::Kind;

TEST(TokenScanner, HandsOutTokensInPlace) {
  constexpr std::string_view bytes = "request\0\0add\0rest"sv;
  TokenScanner scanner;
  const auto first = scanner.next(bytes);
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(*first, "request");
  EXPECT_EQ(first->data(), bytes.data());
  EXPECT_EQ(scanner.next(bytes), ""sv);
  EXPECT_EQ(scanner.next(bytes), "add"sv);
  EXPECT_EQ(scanner.position(), 13u);
  EXPECT_EQ(scanner.next(bytes), std::nullopt);
  EXPECT_EQ(scanner.position(), 13u);
}

TEST(TokenScanner, GoesOnInABufferThatGrewAndMoved) {
  TokenScanner scanner;
  EXPECT_EQ(scanner.next("a\0bc"sv), "a"sv);
  EXPECT_EQ(scanner.next("a\0bc"sv), std::nullopt);
  const std::string longer("a\0bcde\0f\0", 9);
  EXPECT_EQ(scanner.next(longer), "bcde"sv);
  EXPECT_EQ(scanner.next(longer), "f"sv);
  EXPECT_EQ(scanner.next(longer), std::nullopt);
}

TEST(TokenScanner, SearchesNoByteTwice) {
  std::string bytes = "a";
  TokenScanner scanner;
  EXPECT_EQ(scanner.next(bytes), std::nullopt);
  bytes[0] = '\0';  // a peer cannot do this: it only shows that nobody looks here again
  bytes += std::string_view("b\0", 2);
  EXPECT_EQ(scanner.next(bytes), "\0b"sv);
}

TEST(AttrDecoder, WalksToTheEndOfTheList) {
  constexpr std::string_view bytes = "status\0000\0value\0\0\0next"sv;
  AttrDecoder decoder;
  AttrStep step = decoder.next(bytes);
  EXPECT_EQ(step.kind, Kind::attribute);
  EXPECT_EQ(step.name, "status");
  EXPECT_EQ(step.value, "0");
  step = decoder.next(bytes);
  EXPECT_EQ(step.kind, Kind::attribute);
  EXPECT_EQ(step.name, "value");
  EXPECT_EQ(step.value, "");
  EXPECT_EQ(decoder.next(bytes).kind, Kind::end_of_list);
  EXPECT_EQ(decoder.consumed_bytes(), bytes.size() - 4);
  EXPECT_EQ(decoder.next(bytes).kind, Kind::end_of_list);
}

TEST(AttrDecoder, ReadsTheSameHoweverTheBytesArrive) {
  constexpr std::string_view bytes = "status\0000\0flags\00024\0\0"sv;
  AttrDecoder decoder;
  std::string seen;
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    const std::string received(bytes.substr(0, size));
    const AttrStep step = decoder.next(received);
    EXPECT_EQ(step.kind == Kind::end_of_list, size == bytes.size());
    if (step.kind == Kind::attribute) seen += std::string(step.name) + '=' + std::string(step.value) + ' ';
  }
  EXPECT_EQ(seen, "status=0 flags=24 ");
}

TEST(AttrDecoder, TakesAnEmptyList) {
  AttrDecoder decoder;
  EXPECT_EQ(decoder.next("\0"sv).kind, Kind::end_of_list);
  EXPECT_EQ(decoder.consumed_bytes(), 1u);
}

}  // namespace
}  // namespace uflush
