#include "tests/compat/starts.hpp"

#include <algorithm>
#include <optional>

#include <gtest/gtest.h>

namespace uflush::support {
namespace {

/// Each has threads and sockets of its own.
constexpr std::size_t starts_at_a_time = 40;

void expect_fatal(const Attempt& attempt) {
  SCOPED_TRACE(attempt.start.title);
  const std::optional<Exit> exit = attempt.child->wait();
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->status, 1);
  EXPECT_TRUE(attempt.log.wait_for("fatal: ", 1000ms));
  EXPECT_EQ(attempt.log.texts().empty() ? "" : attempt.log.texts().back(), attempt.expected_log());
}

}  // namespace

Attempt::Attempt(const Start& the_start)
    : start(the_start),
      spool(the_start.main_cf),
      log(spool.queue().path("public/postlog")),
      master(spool, {.all_arguments = the_start.arguments, .environment = the_start.environment}) {
  // Which the reference does not read: a start that fails ends as one of the reference does.
  write_file(spool.config_directory() + "/uflush.cf", "uflush_answer_when_broken = no\n");
  start.spoil(spool);
  child = &master.spawn();
}

std::string Attempt::expected_log() const {
  std::string text = start.log;
  const std::size_t at = text.find("@config");
  return at == std::string::npos ? text : text.replace(at, 7, spool.config_directory());
}

void expect_fatal(const std::vector<Start>& starts) {
  for (std::size_t begin = 0; begin < starts.size(); begin += starts_at_a_time) {
    std::vector<std::unique_ptr<Attempt>> attempts;
    for (std::size_t i = begin; i < std::min(starts.size(), begin + starts_at_a_time); ++i)
      attempts.push_back(std::make_unique<Attempt>(starts[i]));
    for (const auto& attempt : attempts) expect_fatal(*attempt);
  }
}

}  // namespace uflush::support
