/// What is deferred, what is flushed, and what people who ask for it are told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/private_postfix.hpp"

namespace uflush::support {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAreArray;

/// A running instance with three deferred messages for each destination.
class Deferral : public ::testing::Test {
 protected:
  static constexpr int messages = 3;

  void SetUp() override {
    postfix.start();
    for (const char* destination : {eligible_one, eligible_two, not_eligible})
      postfix.inject(destination, messages);
    postfix.wait_until_settled();
  }

  void TearDown() override { EXPECT_THAT(postfix.complaints(), IsEmpty()); }

  PrivatePostfix postfix;
};

TEST_F(Deferral, PutsEachEligibleMessageInTheLogfileOfItsDestinationAndNowhereElse) {
  const QueueDirectory& queue = postfix.queue();
  for (const char* destination : {eligible_one, eligible_two, not_eligible})
    EXPECT_THAT(postfix.ids_for(destination), SizeIs(messages));
  EXPECT_THAT(queue.log_lines("one_example"), UnorderedElementsAreArray(postfix.ids_for(eligible_one)));
  EXPECT_THAT(queue.log_lines("two_example"), UnorderedElementsAreArray(postfix.ids_for(eligible_two)));
  EXPECT_THAT(queue.log_names(), ElementsAre("one_example", "two_example"));
  EXPECT_THAT(queue.inconsistencies(), IsEmpty());
}

TEST_F(Deferral, EtrnDeliversExactlyThatDestination) {
  const SmtpSink one{postfix.address_of(eligible_one)};
  const SmtpSink two{postfix.address_of(eligible_two)};
  SmtpClient client{postfix.smtpd_address()};
  EXPECT_THAT(client.command("EHLO client.example"), StartsWith("250 "));
  EXPECT_EQ(client.command("ETRN one.example"), "250 Queuing started");
  EXPECT_TRUE(one.wait_for(messages));
  postfix.wait_until_settled();
  EXPECT_THAT(one.recipients(), Each("u@one.example"));
  EXPECT_THAT(postfix.ids_for(eligible_one), IsEmpty());
  EXPECT_EQ(postfix.queue().logfile("one_example"), "");
  EXPECT_THAT(two.recipients(), IsEmpty());
  EXPECT_THAT(postfix.queue().log_lines("two_example"),
              UnorderedElementsAreArray(postfix.ids_for(eligible_two)));
}

TEST_F(Deferral, EtrnRefusesWhatIsNotEligibleOrNotADomain) {
  SmtpClient client{postfix.smtpd_address()};
  EXPECT_THAT(client.command("EHLO client.example"), StartsWith("250 "));
  EXPECT_EQ(client.command("ETRN three.example"), "459 <three.example>: service unavailable");
  EXPECT_EQ(client.command("ETRN one..example"), "501 Error: invalid parameter syntax");
  EXPECT_EQ(client.command("ETRN"), "500 Syntax: ETRN domain");
  for (const char* destination : {eligible_one, eligible_two, not_eligible})
    EXPECT_THAT(postfix.ids_for(destination), SizeIs(messages));
}

TEST_F(Deferral, PostqueueAndSendmailFlushOneSiteAndSayNothing) {
  const SmtpSink one{postfix.address_of(eligible_one)};
  const SmtpSink two{postfix.address_of(eligible_two)};
  const Output by_postqueue = postfix.command({"postqueue", "-s", eligible_one});
  EXPECT_EQ(by_postqueue.exit.status, 0);
  EXPECT_EQ(by_postqueue.out + by_postqueue.err, "");
  EXPECT_TRUE(one.wait_for(messages));
  EXPECT_THAT(two.recipients(), IsEmpty());
  const Output by_sendmail = postfix.command({"sendmail", std::string("-qR") + eligible_two});
  EXPECT_EQ(by_sendmail.exit.status, 0);
  EXPECT_EQ(by_sendmail.out + by_sendmail.err, "");
  EXPECT_TRUE(two.wait_for(messages));
  postfix.wait_until_settled();
  EXPECT_THAT(postfix.queue().ids_in("deferred"), SizeIs(messages));
}

TEST_F(Deferral, PostqueueFlushesOneMessageEvenOfADestinationThatIsNotEligible) {
  const SmtpSink three{postfix.address_of(not_eligible)};
  const std::vector<std::string> before = postfix.ids_for(not_eligible);
  const Output flushed = postfix.command({"postqueue", "-i", before[1]});
  EXPECT_EQ(flushed.exit.status, 0);
  EXPECT_EQ(flushed.out + flushed.err, "");
  EXPECT_TRUE(three.wait_for(1));
  postfix.wait_until_settled();
  EXPECT_THAT(postfix.ids_for(not_eligible), ElementsAre(before[0], before[2]));
}

TEST_F(Deferral, PostqueueRefusesASiteThatIsNotEligible) {
  const Output refused = postfix.command({"postqueue", "-s", not_eligible});
  EXPECT_EQ(refused.exit.status, 69);
  EXPECT_EQ(refused.out, "");
  EXPECT_EQ(refused.err,
            "postqueue: fatal: Flush service is not configured for destination \"three.example\"\n");
}

TEST_F(Deferral, PostkickRefreshesUnreadLogfilesAndRemovesOldEmptyOnes) {
  constexpr std::time_t hour_s = 3600;
  constexpr std::time_t day_s = 24 * hour_s;
  const QueueDirectory& queue = postfix.queue();
  const SmtpSink one{postfix.address_of(eligible_one)};
  const SmtpSink two{postfix.address_of(eligible_two)};
  // A refresh asks for a scan only, so let the queue manager forget that the destination was dead.
  postfix.stop();
  postfix.start();
  queue.write_logfile("one_example", queue.logfile("one_example").value_or(""), 13 * hour_s);
  queue.write_logfile("gone_example", "", 8 * day_s);
  queue.write_logfile("young_example", "", 6 * day_s);
  EXPECT_EQ(postfix.command({"postkick", "public", "flush", "W"}).exit.status, 0);
  EXPECT_TRUE(one.wait_for(messages));
  EXPECT_TRUE(wait_until({queue.path("flush")}, [&] { return !queue.logfile("gone_example"); }));
  EXPECT_EQ(queue.logfile("one_example"), "");
  EXPECT_EQ(queue.logfile("young_example"), "");
  EXPECT_THAT(queue.log_lines("two_example"), SizeIs(messages));
  EXPECT_THAT(two.recipients(), IsEmpty());
}

}  // namespace
}  // namespace uflush::support
