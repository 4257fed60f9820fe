/// Clients that send nonsense, too much, or nothing at all: they hurt nobody but themselves.
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/flush_client.hpp"
#include "tests/support/private_postfix.hpp"

namespace uflush::support {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

/// Every prefix of a good request, random bytes, a site that never ends.
std::vector<std::string> nonsense() {
  std::vector<std::string> all;
  const std::string good = add_request(eligible_two, "NEVER");
  for (std::size_t length = 0; length < good.size(); ++length) all.push_back(good.substr(0, length));
  std::mt19937 random{20240229};
  for (int i = 0; i < 40; ++i) {
    std::string noise(1 + random() % 300, '\0');
    for (char& byte : noise) byte = static_cast<char>(random());
    all.push_back(noise);
  }
  all.push_back(bytes("request\0add\0site\0") + std::string(2'000'000, 'a'));
  all.push_back(bytes("request\0send_site\0site\0") + std::string(300'000, '\xff') + bytes("\0\0"));
  all.push_back(std::string(100'000, '\0'));
  return all;
}

TEST(HostileClients, NeverDisturbAnother) {
  const PrivatePostfix postfix{{.main_cf = {{"ipc_timeout", "30s"}}}};
  postfix.start();
  const std::string socket = postfix.queue().path("public/flush");
  std::vector<FlushClient> silent;
  for (int i = 0; i < 8; ++i) {
    silent.emplace_back(socket);
    EXPECT_EQ(silent.back().read_announcement(), announcement_bytes);
    if (i % 2 == 1) silent.back().send(bytes("request\0add\0si"));
  }
  std::thread attacker([&] {
    for (const std::string& text : nonsense()) {
      FlushClient client{socket};
      client.read_announcement();
      client.send(text);
      client.half_close();
      EXPECT_NE(client.read_to_end().ending, Ending::timeout);
      FlushClient impatient{socket};
      impatient.send(text.substr(0, 1000));  // and gone
    }
  });
  for (int i = 0; i < 200; ++i)
    EXPECT_EQ(FlushClient{socket}.ask(add_request(eligible_one, "GOOD" + std::to_string(i))).status(),
              status_ok);
  attacker.join();
  EXPECT_THAT(postfix.queue().log_lines("one_example"), SizeIs(200));
  EXPECT_THAT(postfix.queue().log_lines("two_example"), IsEmpty());
  for (const char* trouble : {"]: fatal: ", "]: panic: ", "exit status", "killed by signal"})
    EXPECT_THAT(postfix.log_lines_with(trouble), IsEmpty());
  EXPECT_THAT(postfix.queue().inconsistencies(), IsEmpty());
}

TEST(HostileClients, WhoAreSlowAreServedWhenTheyAreReady) {
  const PrivatePostfix postfix;
  postfix.start();
  FlushClient slow{postfix.queue().path("public/flush")};
  EXPECT_EQ(slow.read_announcement(), announcement_bytes);
  const std::string request = add_request(eligible_one, "SLOW1");
  slow.send(request.substr(0, 3));
  slow.wait_until_taken();
  for (const char byte : request.substr(3)) {
    slow.send({&byte, 1});
    slow.wait_until_taken();
  }
  EXPECT_EQ(slow.read_reply_and_finish().status(), status_ok);
  EXPECT_EQ(postfix.queue().logfile("one_example"), "SLOW1\n");
  EXPECT_THAT(postfix.complaints(), IsEmpty());
}

}  // namespace
}  // namespace uflush::support
