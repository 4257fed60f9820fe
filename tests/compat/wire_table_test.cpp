#include <gtest/gtest.h>

#include "tests/support/log_socket.hpp"
#include "tests/support/master_stand_in.hpp"
#include "tests/support/qmgr_socket.hpp"

namespace uflush::support {
namespace {

TEST(Smoke, AddAppends) {
  const Spool spool;
  LogSocket log{spool.queue().path("public/postlog")};
  QmgrSocket qmgr{spool.queue().path("public/qmgr")};
  MasterStandIn master{spool};
  master.spawn();
  EXPECT_EQ(master.connect().ask(add_request("example.com", "ABC")).status(), status_ok);
  EXPECT_EQ(spool.queue().logfile("example_com"), "ABC\n");
  EXPECT_TRUE(log.texts().empty());
  EXPECT_EQ(master.connect().ask(send_site_request("example.com")).status(), status_ok);
  EXPECT_TRUE(qmgr.wait_for("FI"));
}

}  // namespace
}  // namespace uflush::support
