// What a daemon that cannot start says to its clients and to master(8), and when it ends.
#include "core/failing_server.hpp"

#include <array>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "protocol/master_status.hpp"
#include "tests/core/daemon_in_sim.hpp"

namespace uflush {
namespace {

using std::chrono::seconds;
using testing::IsEmpty;

std::string failure() {
  return std::string(announcement) + std::string(reply_bytes(Status::fail));
}

/// A failing server on public/flush, with master's end of the status channel.
class FailingInSim {
 public:
  explicit FailingInSim(Sim& world, const std::function<void(FailingServerSurroundings&)>& adjust = {})
      : sim(world), log(sink), channel(-1, 0, 0) {
    std::array<int, 2> ends{};
    FLUSH_ASSERT(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) == 0);
    masters_end = Fd(ends[0]);
    our_end = Fd(ends[1]);
    channel = MasterChannel(our_end.get(), 17, 4711);
    FailingServerSurroundings around;
    around.listeners = {sim.listen("public/flush")};
    around.master = &channel;
    around.stream_name = "flush socket";
    if (adjust) adjust(around);
    server.emplace(sim.loop, log, std::move(around));
    sim.start(run());
  }
  ~FailingInSim() {
    masters_end.reset();
    sim.finish();
  }
  FailingInSim(const FailingInSim&) = delete;
  FailingInSim& operator=(const FailingInSim&) = delete;

  /// How many status records there were since the last call.
  std::size_t reports() const {
    MasterStatusBytes record{};
    std::size_t count = 0;
    while (::recv(masters_end.get(), record.data(), record.size(), 0) == 12) ++count;
    return count;
  }

  Sim& sim;
  MemorySink sink;
  Log log;
  Fd masters_end;
  Fd our_end;
  MasterChannel channel;
  std::optional<FailingServer> server;
  bool is_over = false;

 private:
  Task<void> run() {
    co_await server->run();
    is_over = true;
  }
};

TEST(FailingServer, SaysFailToEveryRequestWithoutARecord) {
  Sim sim{Seed{1}};
  FailingInSim broken{sim};
  for (const FlushRequest& request :
       {FlushRequest{AddRequest{"example.com", "ABC"}}, FlushRequest{SendSiteRequest{"example.com"}},
        FlushRequest{SendFileRequest{"ABC"}}, FlushRequest{RefreshRequest{}}, FlushRequest{PurgeRequest{}}})
    EXPECT_EQ(sim.exchange("public/flush", request_bytes(request)), failure());
  EXPECT_EQ(sim.exchange("public/flush", std::string("W\0", 2)), failure());
  EXPECT_THAT(broken.sink.records, IsEmpty());
}

TEST(FailingServer, ReportsOnceToMasterWhenTheFirstClientHasItsAnswer) {
  Sim sim{Seed{1}};
  FailingInSim broken{sim};
  EXPECT_EQ(broken.reports(), 0U);
  const std::string add = request_bytes(AddRequest{"example.com", "ABC"});
  EXPECT_EQ(sim.exchange("public/flush", add), failure());
  EXPECT_EQ(broken.reports(), 2U);
  EXPECT_EQ(sim.exchange("public/flush", add), failure());
  EXPECT_EQ(broken.reports(), 0U);
}

TEST(FailingServer, EndsAfterAMinuteAndDropsWhoIsConnected) {
  Sim sim{Seed{1}};
  FailingInSim broken{sim};
  sim.run_for(seconds(55));
  SimClient late(sim);
  sim.run_for(seconds(4));
  EXPECT_FALSE(broken.is_over);
  EXPECT_FALSE(late.is_over());
  sim.run_for(seconds(2));
  EXPECT_TRUE(broken.is_over);
  EXPECT_TRUE(late.is_over());
  EXPECT_EQ(broken.reports(), 2U);
}

TEST(FailingServer, EndsWhenMasterReloads) {
  Sim sim{Seed{1}};
  FailingInSim broken{sim};
  sim.run_for(seconds(5));
  broken.masters_end.reset();
  EXPECT_TRUE(sim.run_until([&] { return broken.is_over; }));
}

TEST(FailingServer, EndsWhenSomethingWasMended) {
  Sim sim{Seed{1}};
  const Fd event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  bool mended = false;
  FailingInSim broken{sim, [&](FailingServerSurroundings& around) {
                        around.watches.push_back({.fd = event.get(), .must_end = [&] {
                                                    eventfd_t count = 0;
                                                    static_cast<void>(::eventfd_read(event.get(), &count));
                                                    return mended;
                                                  }});
                      }};
  sim.run_for(seconds(1));
  ASSERT_EQ(::eventfd_write(event.get(), 1), 0);
  sim.run_for(seconds(1));
  EXPECT_FALSE(broken.is_over);
  mended = true;
  ASSERT_EQ(::eventfd_write(event.get(), 1), 0);
  sim.run_for(seconds(1));
  EXPECT_TRUE(broken.is_over);
  EXPECT_EQ(broken.reports(), 2U);
}

TEST(FailingServer, PutsRequestsInPiecesTogether) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    Sim sim{Seed{seed}};
    sim.shake();
    FailingInSim broken{sim};
    SimClient client(sim);
    client.send_in_pieces(request_bytes(AddRequest{"example.com", "ABC"}));
    ASSERT_TRUE(sim.run_until([&] { return client.is_over(); }));
    EXPECT_EQ(client.received(), failure());
  }
}

TEST(FailingServer, AnswersEachRequestOfAPiece) {
  Sim sim{Seed{1}};
  FailingInSim broken{sim};
  std::string three;
  for (int i = 0; i < 3; ++i) three += request_bytes(AddRequest{"example.com", "ABC"});
  const std::string fail(reply_bytes(Status::fail));
  EXPECT_EQ(sim.exchange("public/flush", three), std::string(announcement) + fail + fail + fail);
}

TEST(FailingServer, IsNotHeldUpByThoseWhoSayNothing) {
  Sim sim{Seed{1}};
  FailingInSim broken{sim};
  std::vector<std::unique_ptr<SimClient>> silent;
  for (int i = 0; i < 350; ++i) silent.push_back(std::make_unique<SimClient>(sim));
  sim.run_for(seconds(1));
  SimClient honest(sim);
  honest.send(request_bytes(AddRequest{"example.com", "ABC"}));
  sim.run_for(seconds(15));
  EXPECT_EQ(honest.received(), failure());
  EXPECT_FALSE(broken.is_over);
}

TEST(FailingServer, DropsWhoSendsWithoutEnd) {
  Sim sim{Seed{1}};
  FailingInSim broken{sim};
  SimClient client(sim);
  client.send(std::string("request\0add\0site\0", 17) + std::string(200'000, 'x'));
  ASSERT_TRUE(sim.run_until([&] { return client.is_over(); }));
  EXPECT_EQ(client.received(), announcement);
}

TEST(FailingServer, CanDoWithoutAnAnnouncement) {
  Sim sim{Seed{1}};
  FailingInSim broken{sim, [](FailingServerSurroundings& around) { around.announces = false; }};
  EXPECT_EQ(sim.exchange("public/flush", request_bytes(AddRequest{"example.com", "ABC"})),
            reply_bytes(Status::fail));
}

}  // namespace
}  // namespace uflush
