// Triggers for the queue manager, who may listen on a socket or a FIFO, or not at all.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/daemon_in_sim.hpp"

namespace uflush {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const SendSiteRequest send_request{"example.com"};

/// Runs a send_site, which leaves an F and an I.
void send(DaemonInSim& daemon) {
  daemon.sim.files.write("flush/example_com", "A1\n");
  EXPECT_EQ(daemon.ask(send_request), Status::ok);
}

TEST(QueueManager, IsWokenThroughItsSocket) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  send(daemon);
  EXPECT_EQ(sim.qmgr.triggers(), "FI");
  EXPECT_EQ(sim.qmgr.connections(), 0U);
}

TEST(QueueManager, IsWokenThroughItsFifo) {
  Sim sim{Seed{1}};
  sim.qmgr.use_fifo();
  DaemonInSim daemon{sim};
  send(daemon);
  EXPECT_EQ(sim.qmgr.triggers(), "FI");
  EXPECT_THAT(daemon.sink.records, IsEmpty());
}

TEST(QueueManager, FindsTheWishesWhenItWakesUpLate) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  sim.qmgr.is_awake = false;
  send(daemon);
  EXPECT_EQ(sim.qmgr.triggers(), "");
  sim.qmgr.is_awake = true;
  sim.settle();
  EXPECT_EQ(sim.qmgr.triggers(), "FI");
}

TEST(QueueManager, MayBeSomewhereElse) {
  Sim sim{Seed{1}};
  Config config = DaemonInSim::everybody_is_welcome();
  config.queue_service_name = "nqmgr";
  DaemonInSim daemon{sim, config};
  sim.files.move("public/qmgr", "public/nqmgr");
  send(daemon);
  EXPECT_EQ(sim.qmgr.triggers(), "FI");
}

TEST(QueueManager, MayBeMissing) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  sim.files.remove("public/qmgr");
  send(daemon);
  EXPECT_THAT(daemon.sink.records,
              ElementsAre("warning: unable to look up public/qmgr: No such file or directory",
                          "warning: unable to look up public/qmgr: No such file or directory"));
}

TEST(QueueManager, MayRefuseItsSocket) {
  for (const bool verbose : {false, true}) {
    Sim sim{Seed{1}};
    DaemonInSim daemon{sim};
    daemon.log.set_verbose(verbose ? 1 : 0);
    sim.qmgr.stop_listening();
    send(daemon);
    const auto complaint =
        testing::Contains("warning: unix_trigger: connect to public/qmgr: Connection refused")
            .Times(verbose ? 2 : 0);
    EXPECT_THAT(daemon.sink.records, complaint);
  }
}

TEST(QueueManager, MayHaveNobodyAtItsFifo) {
  for (const bool verbose : {false, true}) {
    Sim sim{Seed{1}};
    DaemonInSim daemon{sim};
    daemon.log.set_verbose(verbose ? 1 : 0);
    sim.qmgr.use_fifo();
    sim.disk.at("public/qmgr")->fifo_reader = {};
    send(daemon);
    const auto complaint =
        testing::Contains("fifo_trigger: open public/qmgr: cannot open file: No such device or address")
            .Times(verbose ? 2 : 0);
    EXPECT_THAT(daemon.sink.records, complaint);
  }
}

TEST(QueueManager, MayHaveAFifoThatTakesNothing) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  daemon.log.set_verbose(1);
  sim.qmgr.use_fifo();
  sim.files.fail(FileCall::write, "public/qmgr", EAGAIN, 2);
  send(daemon);
  EXPECT_THAT(daemon.sink.records,
              testing::Contains("warning: fifo_trigger: write public/qmgr: Resource temporarily unavailable")
                  .Times(2));
}

TEST(QueueManager, MayBeAFileByMistake) {
  Sim sim{Seed{1}};
  DaemonInSim daemon{sim};
  sim.files.remove("public/qmgr");
  sim.files.write("public/qmgr", "");
  send(daemon);
  EXPECT_THAT(daemon.sink.records, ElementsAre("warning: public/qmgr is not a socket or a fifo",
                                               "warning: public/qmgr is not a socket or a fifo"));
  EXPECT_EQ(sim.files.read("public/qmgr"), "");
}

TEST(QueueManager, IsNotCalledByANameThatDoesNotFitIntoAnAddress) {
  Sim sim{Seed{1}};
  Config config = DaemonInSim::everybody_is_welcome();
  config.queue_service_name = std::string(120, 'q');
  DaemonInSim daemon{sim, config};
  daemon.log.set_verbose(1);
  sim.files.move("public/qmgr", "public/" + config.queue_service_name);
  send(daemon);
  EXPECT_EQ(sim.qmgr.triggers(), "");
  EXPECT_THAT(daemon.sink.records, testing::Contains(testing::HasSubstr("File name too long")).Times(2));
}

TEST(QueueManager, HearsWishesInTheirOrderWhateverTheSockets) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Sim sim{Seed{seed}};
    sim.shake();
    DaemonInSim daemon{sim};
    send(daemon);
    EXPECT_EQ(sim.qmgr.triggers(), "FI");
  }
}

}  // namespace
}  // namespace uflush
