// Thousands of warnings, and clients that do not notice.
#include "core/log_in_pieces.hpp"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "tests/core/daemon_in_sim.hpp"

namespace uflush {
namespace {

TEST(Warnings, OfABadLogAreLoggedInTheirOrderAndInPieces) {
  constexpr std::size_t lines = 20'000;
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  std::string text;
  for (std::size_t i = 0; i < lines; ++i) text += numbered("-", i) + "\n";
  sim.files.write("flush/example_com", text);
  std::size_t logged = 0;
  std::size_t most_per_turn = 0;
  sim.checkers.push_back([&] {
    most_per_turn = std::max(most_per_turn, daemon.sink.records.size() - logged);
    logged = daemon.sink.records.size();
  });
  Caller send(sim, SendSiteRequest{"example.com"});
  ASSERT_TRUE(sim.run_until([&] { return daemon.sink.records.size() > lines / 2; }));
  // An add of another site does not wait for the rest.
  EXPECT_EQ(daemon.ask(AddRequest{"example.org", "B1"}), Status::ok);
  ASSERT_TRUE(sim.run_until([&] { return send.is_over(); }));
  EXPECT_EQ(send.answer(), Status::ok);
  sim.checkers.clear();  // they would be asked while the world ends, when the sink has gone
  EXPECT_LE(most_per_turn, records_per_piece);
  ASSERT_EQ(daemon.sink.records.size(), lines);
  for (std::size_t i = 0; i < lines; ++i)
    ASSERT_EQ(daemon.sink.records[i],
              "warning: bad queue id \"" + numbered("-", i) + "...\" in fast flush logfile example_com");
}

}  // namespace
}  // namespace uflush
