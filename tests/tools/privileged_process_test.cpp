/// The privileged process itself, with a script in postmap's place.
#include "tools/uflush/privileged_process.hpp"

#include <array>
#include <cstdlib>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "core/privileged_protocol.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/wait.hpp"

namespace uflush {
namespace {

using Kind = PrivilegedMessage::Kind;
using testing::HasSubstr;

class PrivilegedProcessTest : public testing::Test {
 protected:
  /// Starts it, with this script as postmap.
  void start(
      const std::string& script, std::chrono::seconds time_limit = std::chrono::seconds{10},
      const std::function<RehearsedStart()>& rehearse = [] {
        return RehearsedStart{true, {}};
      }) {
    directory_.write("postmap", "#!/bin/sh\n" + script + "\n");
    ::chmod(directory_.path("postmap").c_str(), 0755);
    socket_ = start_privileged_process(rehearse).value();
    say({.kind = Kind::table, .text = "first:x"});
    say({.kind = Kind::table, .text = "second:x"});
    say({.kind = Kind::serve,
         .text = encode_settings({.program = directory_.path("postmap"),
                                  .config_directory = "/conf",
                                  .directory = directory_.path(""),
                                  .time_limit = time_limit})});
  }
  void say(const PrivilegedMessage& message) const {
    const std::string packet = encode_privileged(message);
    ASSERT_EQ(::send(socket_.get(), packet.data(), packet.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(packet.size()));
  }
  /// The next message; nothing at the end of the process.
  [[nodiscard]] std::optional<PrivilegedMessage> hear() const {
    if (!support::wait_readable(socket_.get(), support::Deadline{support::patience})) return std::nullopt;
    std::array<char, privileged_message_bytes_max> packet;
    const ssize_t count = ::recv(socket_.get(), packet.data(), packet.size(), 0);
    if (count <= 0) return std::nullopt;
    return decode_privileged({packet.data(), static_cast<std::size_t>(count)});
  }
  PrivilegedMessage ask(std::uint32_t table, const std::string& key) const {
    say({.kind = Kind::look_up, .number = 1, .detail = table, .text = key});
    return hear().value_or(PrivilegedMessage{});
  }

  support::TempDir directory_;
  Fd socket_;
};

constexpr const char* echo = R"(read -r key; printf '%s\t%s\n' "$key" "$*")";

TEST_F(PrivilegedProcessTest, LooksIntoTheTablesThatItWasToldOf) {
  start(echo);
  const PrivilegedMessage answer = ask(1, "example.com");
  EXPECT_EQ(answer.kind, Kind::answer);
  EXPECT_EQ(static_cast<Lookup>(answer.detail), Lookup::found);
  EXPECT_EQ(answer.text, "-c /conf -f -u -q - second:x");
}

TEST_F(PrivilegedProcessTest, TakesNoFurtherTablesAndNoOtherKeys) {
  start(echo);
  say({.kind = Kind::table, .text = "third:x"});
  PostmapSettings others;
  others.program = "/bin/false";
  say({.kind = Kind::serve, .text = encode_settings(others)});
  for (const auto& [table, key] : std::map<std::uint32_t, std::string>{
           {2, "example.com"}, {1'000'000, "x"}, {0, "two\nlines"}, {1, std::string(256, 'a')}}) {
    const PrivilegedMessage answer = ask(table, key);
    EXPECT_EQ(static_cast<Lookup>(answer.detail), Lookup::failed) << table;
    EXPECT_EQ(answer.text, "not a question");
  }
  EXPECT_EQ(static_cast<Lookup>(ask(0, "example.com").detail), Lookup::found) << "still the first settings";
}

TEST_F(PrivilegedProcessTest, IgnoresWhatIsNoMessage) {
  start(echo);
  ASSERT_EQ(::send(socket_.get(), "x", 1, MSG_NOSIGNAL), 1);
  say({.kind = Kind::answer, .text = "x"});
  EXPECT_EQ(static_cast<Lookup>(ask(0, "example.com").detail), Lookup::found);
}

TEST_F(PrivilegedProcessTest, EndsALookUpThatTakesTooLongAndAnswersOthersMeanwhile) {
  start(R"(read -r key; [ "$key" = slow ] && exec tail -f /dev/null; printf '%s\tx\n' "$key")",
        std::chrono::seconds{2});
  say({.kind = Kind::look_up, .number = 7, .detail = 0, .text = "slow"});
  for (int i = 0; i < 20; ++i) EXPECT_EQ(static_cast<Lookup>(ask(0, "quick").detail), Lookup::found);
  const auto late = hear();
  ASSERT_TRUE(late);
  EXPECT_EQ(late->number, 7U);
  EXPECT_EQ(late->text, "no answer within 2s");
}

TEST_F(PrivilegedProcessTest, AnswersManyQuestionsAtOnceWithAFewChildren) {
  start(echo);
  std::map<std::uint32_t, int> answers;
  for (std::uint32_t i = 0; i < 60; ++i) say({.kind = Kind::look_up, .number = i, .detail = 0, .text = "x"});
  for (int i = 0; i < 60; ++i) {
    const auto answer = hear();
    ASSERT_TRUE(answer);
    EXPECT_EQ(static_cast<Lookup>(answer->detail), Lookup::found);
    ++answers[answer->number];
  }
  EXPECT_EQ(answers.size(), 60U);
}

TEST_F(PrivilegedProcessTest, HoldsARehearsalInAChildThatMayDie) {
  start(echo, std::chrono::seconds{10}, [] { return RehearsedStart{false, "bad value"}; });
  say({.kind = Kind::rehearse, .number = 3});
  const auto refused = hear();
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->kind, Kind::rehearsed);
  EXPECT_EQ(refused->detail, 0U);
  EXPECT_EQ(refused->text, "bad value");
  start(echo, std::chrono::seconds{10}, []() -> RehearsedStart { std::abort(); });
  say({.kind = Kind::rehearse, .number = 4});
  const auto died = hear();
  ASSERT_TRUE(died);
  EXPECT_EQ(died->detail, 0U);
  EXPECT_THAT(died->text, HasSubstr("signal 6"));
  EXPECT_EQ(static_cast<Lookup>(ask(0, "x").detail), Lookup::found) << "it goes on";
}

TEST_F(PrivilegedProcessTest, EndsWithTheOtherEndOfItsConnection) {
  start("exec tail -f /dev/null");
  say({.kind = Kind::look_up, .number = 1, .detail = 0, .text = "x"});
  socket_.reset();
  int status = -1;
  EXPECT_GT(::waitpid(-1, &status, 0), 0);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace uflush
