#include "core/log.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/memory_sink.hpp"

namespace uflush {
namespace {

using testing::ElementsAre;

TEST(Log, PutsTheWordOfTheSeverityInFront) {
  MemorySink sink;
  Log log(sink);
  log.info("{} {}", "a", 1);
  log.warning("b");
  log.error("c");
  log.fatal("d");
  log.record(Severity::panic, "e");
  EXPECT_THAT(sink.records, ElementsAre("a 1", "warning: b", "error: c", "fatal: d", "panic: e"));
}

TEST(Log, CutsTheTextAt2000BytesNotCountingTheWord) {
  MemorySink sink;
  Log log(sink);
  log.record(Severity::warning, std::string(2000, 'x'));
  log.record(Severity::info, std::string(2001, 'y'));
  EXPECT_THAT(sink.records, ElementsAre("warning: " + std::string(2000, 'x'), std::string(2000, 'y')));
}

TEST(Log, KeepsUtf8OnlyWhenToldTo) {
  MemorySink sink;
  Log log(sink);
  log.warning("caf\xc3\xa9");
  log.set_keep_utf8(true);
  log.warning("caf\xc3\xa9");
  EXPECT_THAT(sink.records, ElementsAre("warning: caf??", "warning: caf\xc3\xa9"));
}

TEST(CleanLogText, ReplacesControlCharactersAndDel) {
  for (const bool keep_utf8 : {false, true})
    EXPECT_EQ(clean_log_text(std::string_view("a\tb\r\nc\x7f\0~ ", 10), keep_utf8), "a?b??c??~ ");
}

TEST(CleanLogText, ReplacesEachByteThatIsNotAscii) {
  EXPECT_EQ(clean_log_text("\xc3\xa9 \xe2\x82\xac \x80", false), "?? ??? ?");
}

TEST(CleanLogText, KeepsCharactersOfTwoToFourBytes) {
  for (const char* character : {"\xc2\x80", "\xdf\xbf", "\xe2\x82\xac", "\xf0\x9f\x98\x80"})
    EXPECT_EQ(clean_log_text(std::string("<").append(character).append(">"), true),
              std::string("<").append(character).append(">"));
}

TEST(CleanLogText, ReplacesBytesThatMakeNoCharacter) {
  EXPECT_EQ(clean_log_text("\x80", true), "?") << "no lead byte";
  EXPECT_EQ(clean_log_text("\xc0\x80\xc1\xbf", true), "????") << "overlong";
  EXPECT_EQ(clean_log_text("\xc3(", true), "?(") << "no continuation";
  EXPECT_EQ(clean_log_text("\xe2\x82x", true), "??x") << "one continuation too few";
  EXPECT_EQ(clean_log_text("\xf0\x9f\x98", true), "???") << "cut at the end";
  EXPECT_EQ(clean_log_text("\xf8\x88\x80\x80\x80", true), "?????") << "five bytes";
}

}  // namespace
}  // namespace uflush
