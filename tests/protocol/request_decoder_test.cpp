/// Rows and sections in the comments are those of BEHAVIOUR.md 2.3 to 2.7.
#include "protocol/request_decoder.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace uflush {
namespace {

constexpr InputState more = InputState::more_may_come;
constexpr InputState half = InputState::end_of_input;
constexpr InputState timeout = InputState::timed_out;

/// Writes `|` for NUL.
std::string wire(std::string_view text) {
  std::string bytes(text);
  std::replace(bytes.begin(), bytes.end(), '|', '\0');
  return bytes;
}

struct Words {
  std::string operator()(const AddRequest& add) const {
    return "add " + std::string(add.site) + ' ' + std::string(add.queue_id);
  }
  std::string operator()(const SendSiteRequest& send) const { return "send_site " + std::string(send.site); }
  std::string operator()(const SendFileRequest& send) const {
    return "send_file " + std::string(send.queue_id);
  }
  std::string operator()(RefreshRequest) const { return "refresh"; }
  std::string operator()(PurgeRequest) const { return "purge"; }

  std::string operator()(NeedsMore) const { return "needs more"; }
  std::string operator()(const Decoded& decoded) const {
    return std::visit(*this, decoded.request) + (decoded.answered ? "" : " without an answer") +
           with(decoded.warning);
  }
  std::string operator()(const Hangup& hangup) const {
    const bool bad = hangup.reply == Status::bad;
    return (hangup.reply ? bad ? "BAD" : "?" : "closed") + with(hangup.warning);
  }
  static std::string with(std::string_view warning) {
    return warning.empty() ? "" : ": " + std::string(warning);
  }
};

/// A client and its connection: sends pieces, remembers what came of them.
class Peer {
 public:
  /// The client sends `text` and waits.
  Peer& sends(std::string_view text) {
    pending_ += wire(text);
    decode(more);
    return *this;
  }
  /// The client sends `text` and the input ends in the same instant.
  Peer& sends_last(std::string_view text, InputState end) {
    pending_ += wire(text);
    decode(end);
    return *this;
  }
  Peer& shuts_down() { return sends_last("", half); }
  Peer& stays_silent() { return sends_last("", timeout); }

  /// What came out so far: the decoded requests, and the hangup if there was one.
  [[nodiscard]] const std::vector<std::string>& outcome() const { return outcome_; }
  [[nodiscard]] const std::string& undecoded() const { return pending_; }

 private:
  void decode(InputState input) {
    while (!hung_up_) {
      const std::string received = pending_;  // at a new address each time, as a growing buffer may be
      const DecodeStep step = decoder_.decode(received, input);
      if (std::holds_alternative<NeedsMore>(step)) return;
      outcome_.push_back(std::visit(Words{}, step));
      hung_up_ = std::holds_alternative<Hangup>(step);
      if (const auto* decoded = std::get_if<Decoded>(&step)) pending_.erase(0, decoded->consumed_bytes);
    }
  }

  RequestDecoder decoder_{"flush socket"};
  std::string pending_;
  std::vector<std::string> outcome_;
  bool hung_up_ = false;
};

/// What comes first out of a connection whose client sends `text` at once, and then this.
std::string first_outcome(std::string_view text, InputState then = more) {
  Peer peer;
  peer.sends(text);
  if (peer.outcome().empty() && then != more) peer.sends_last("", then);
  return peer.outcome().empty() ? "needs more" : peer.outcome().front();
}

std::string repeated(std::size_t count, char c) {
  return std::string(count, c);
}

using Outcome = std::vector<std::string>;

TEST(RequestDecoder, TakesTheFiveRequestsOfTheStockClients) {  // 2.2, row 1
  EXPECT_EQ(first_outcome("request|add|site|example.com|queue_id|ABCDEF12345||"),
            "add example.com ABCDEF12345");
  EXPECT_EQ(first_outcome("request|send_site|site|example.com||"), "send_site example.com");
  EXPECT_EQ(first_outcome("request|send_file|queue_id|ABCDEF12345||"), "send_file ABCDEF12345");
  EXPECT_EQ(first_outcome("request|rfrsh||"), "refresh");
  EXPECT_EQ(first_outcome("request|purge||"), "purge");
}

TEST(RequestDecoder, WantsTheAttributesInTheirOrder) {
  EXPECT_EQ(first_outcome("request|add|queue_id|A|site|x||"),  // row 2
            "BAD: unexpected attribute queue_id from flush socket (expecting: site)");
  EXPECT_EQ(first_outcome("request|add|queue_id|A||"),  // row 4
            "BAD: unexpected attribute queue_id from flush socket (expecting: site)");
  EXPECT_EQ(first_outcome("request|add|site|x|site|y|queue_id|A||"),  // row 6
            "BAD: unexpected attribute site from flush socket (expecting: queue_id)");
  EXPECT_EQ(first_outcome("request|add|site|x|foo|bar|queue_id|A||"),  // row 9
            "BAD: unexpected attribute foo from flush socket (expecting: queue_id)");
  EXPECT_EQ(first_outcome("foo|bar||"),  // row 18
            "BAD: unexpected attribute foo from flush socket (expecting: request)");
  EXPECT_EQ(first_outcome("W||"),  // row 24
            "BAD: unexpected attribute W from flush socket (expecting: request)");
  EXPECT_EQ(first_outcome("request|send_file|Queue_id|A||"),
            "BAD: unexpected attribute Queue_id from flush socket (expecting: queue_id)");
}

TEST(RequestDecoder, MissesTheAttributeInWhosePlaceTheListEnds) {
  EXPECT_EQ(first_outcome("request|add|site|x||"),  // row 3
            "BAD: missing attribute queue_id in input from flush socket");
  EXPECT_EQ(first_outcome("request|add||"),  // row 5
            "BAD: missing attribute site in input from flush socket");
  EXPECT_EQ(first_outcome("|||"), "BAD: missing attribute request in input from flush socket");  // row 19
  EXPECT_EQ(first_outcome("request|send_site||"),                                                // row 31
            "BAD: missing attribute site in input from flush socket");
  EXPECT_EQ(first_outcome("request|send_file||"),
            "BAD: missing attribute queue_id in input from flush socket");
}

TEST(RequestDecoder, ExecutesARequestWithAnAttributeTooManyAndWarns) {
  EXPECT_EQ(first_outcome("request|add|site|x|queue_id|A|site|y||"),  // row 7
            "add x A: unexpected attribute site from flush socket (expecting: (list terminator))");
  EXPECT_EQ(first_outcome("request|add|site|x|queue_id|A|foo|bar||"),  // row 8
            "add x A: unexpected attribute foo from flush socket (expecting: (list terminator))");
  EXPECT_EQ(first_outcome("request|send_site|site|x|foo|bar||"),
            "send_site x: unexpected attribute foo from flush socket (expecting: (list terminator))");
}

TEST(RequestDecoder, DoesNotReadBeyondTheNameOfAnAttributeTooManyBeforeItExecutes) {
  EXPECT_EQ(first_outcome("request|send_file|queue_id|A|foo|"),
            "send_file A: unexpected attribute foo from flush socket (expecting: (list terminator))");
}

TEST(RequestDecoder, DoesNotExecuteAListWithoutItsEnd) {
  const std::string_view list = "request|add|site|x|queue_id|A|";
  EXPECT_EQ(first_outcome(list), "needs more");
  EXPECT_EQ(first_outcome(list, half),  // row 10
            "BAD: premature end-of-input on flush socket while reading input attribute name");
  EXPECT_EQ(first_outcome(list, timeout),  // row 11
            "closed: timeout on flush socket while reading input attribute name");
}

TEST(RequestDecoder, SaysBadWithoutAWarningWhenOnlyTheWordOfTheRequestCame) {  // row 13, 2.4 lines 1 and 2
  EXPECT_EQ(first_outcome("request|add|", half), "BAD");
  EXPECT_EQ(first_outcome("request|send_site|", half), "BAD");
  EXPECT_EQ(first_outcome("request|send_file|", half), "BAD");
  EXPECT_EQ(first_outcome("request|add|", timeout), "closed");
}

TEST(RequestDecoder, NamesTheTokenThatTheEndOfInputCut) {
  EXPECT_EQ(first_outcome("request|ad", half),  // row 14
            "BAD: unexpected end-of-input from flush socket while reading input attribute value");
  EXPECT_EQ(first_outcome("reque", half),  // row 15
            "BAD: unexpected end-of-input from flush socket while reading input attribute name");
  EXPECT_EQ(first_outcome("request|add|si", half),
            "BAD: unexpected end-of-input from flush socket while reading input attribute name");
  EXPECT_EQ(first_outcome("request|add|site|x|queue_id|A", half),
            "BAD: unexpected end-of-input from flush socket while reading input attribute value");
}

TEST(RequestDecoder, CallsTheEndOfInputPrematureBetweenTwoTokens) {
  EXPECT_EQ(first_outcome("request|", half),
            "BAD: premature end-of-input on flush socket while reading input attribute value");
  EXPECT_EQ(first_outcome("request|add|site|", half),
            "BAD: premature end-of-input on flush socket while reading input attribute value");
  EXPECT_EQ(first_outcome("request|add|site|x|", half),
            "BAD: premature end-of-input on flush socket while reading input attribute name");
}

TEST(RequestDecoder, CallsTheEndOfInputPrematureAfterByte255) {  // row 16
  EXPECT_EQ(first_outcome("reque\xff", half),
            "BAD: premature end-of-input on flush socket while reading input attribute name");
  EXPECT_EQ(first_outcome("request|add|site|x\xff", half),
            "BAD: premature end-of-input on flush socket while reading input attribute value");
}

TEST(RequestDecoder, GivesNoReplyAfterATimeoutInTheMiddleOfAList) {  // 2.4, last two lines
  EXPECT_EQ(first_outcome("request|", timeout),
            "closed: timeout on flush socket while reading input attribute value");
  EXPECT_EQ(first_outcome("request|add|site|", timeout),
            "closed: timeout on flush socket while reading input attribute value");
  EXPECT_EQ(first_outcome("request|add|site|x|", timeout),
            "closed: timeout on flush socket while reading input attribute name");
  EXPECT_EQ(first_outcome("request|add|si", timeout),
            "closed: unexpected end-of-input from flush socket while reading input attribute name");
  EXPECT_EQ(first_outcome("request|add|site|exam", timeout),
            "closed: unexpected end-of-input from flush socket while reading input attribute value");
}

TEST(RequestDecoder, CallsATimeoutAfterByte255OneBetweenTwoTokens) {
  EXPECT_EQ(first_outcome("request|add|site|x\xff", timeout),
            "closed: timeout on flush socket while reading input attribute value");
}

TEST(RequestDecoder, DropsUnknownWordsSilently) {  // row 17
  for (const auto* text : {"request|foo||", "request|ADD|site|x|queue_id|A||", "request|||",
                           "request|refresh||", "request|add |", "request|w||"}) {
    EXPECT_EQ(first_outcome(text), "closed") << text;
  }
}

TEST(RequestDecoder, TakesAShortFirstArrivalForATrigger) {
  EXPECT_EQ(first_outcome("|"), "closed");  // row 20
  EXPECT_EQ(first_outcome("||"), "closed");
  EXPECT_EQ(first_outcome("W|"), "refresh");  // row 21
  EXPECT_EQ(first_outcome("W", half), "refresh");
  EXPECT_EQ(Peer{}.sends("W").sends("|").outcome(), (Outcome{"refresh", "closed"}));
  EXPECT_EQ(first_outcome("W"), "needs more");  // row 22
  EXPECT_EQ(first_outcome("W", timeout), "refresh without an answer");
  EXPECT_EQ(first_outcome("w|"), "closed");  // row 23
  EXPECT_EQ(first_outcome("X|"), "closed");
  EXPECT_EQ(first_outcome("WX", half), "closed");
}

TEST(RequestDecoder, KnowsATriggerWhoseEndOfInputCameTogetherWithIt) {
  EXPECT_EQ(Peer{}.sends_last("W", half).outcome(), (Outcome{"refresh", "closed"}));
  EXPECT_EQ(Peer{}.sends_last("W|", half).outcome(), (Outcome{"refresh", "closed"}));
}

TEST(RequestDecoder, IgnoresWhatFollowsATrigger) {
  const Outcome refresh_only{"refresh", "closed"};
  EXPECT_EQ(Peer{}.sends("W").sends("|request|purge||").outcome(), refresh_only);
}

TEST(RequestDecoder, JoinsARequestWhoseFirstPieceWasShort) {  // row 25, improved
  EXPECT_EQ(Peer{}.sends("re").sends("quest|add|site|x|queue_id|A||").outcome(), Outcome{"add x A"});
  EXPECT_EQ(Peer{}.sends("r").sends("equest|rf").sends("rsh||").outcome(), Outcome{"refresh"});
  EXPECT_EQ(Peer{}.sends("r").sends("equest|add|").shuts_down().outcome(), Outcome{"BAD"});
}

TEST(RequestDecoder, DropsOtherTextsWhoseFirstPieceWasShort) {
  EXPECT_EQ(Peer{}.sends("re").sends("port|add|").outcome(), Outcome{"closed"});
  EXPECT_EQ(Peer{}.sends("re").sends("quest").shuts_down().outcome(), Outcome{"closed"});
  EXPECT_EQ(Peer{}.sends("re").sends("quest").stays_silent().outcome(), Outcome{"closed"});
}

TEST(RequestDecoder, JoinsARequestWhoseFirstPieceHadThreeBytes) {  // row 26
  EXPECT_EQ(Peer{}.sends("req").sends("uest|add|site|x|queue_id|A||").outcome(), Outcome{"add x A"});
}

TEST(RequestDecoder, SaysBadToAClientThatSaysNothing) {
  EXPECT_EQ(first_outcome("", half),  // row 27: with the whole reply, not its last three bytes
            "BAD: end-of-input while reading request from flush socket: Application error");
  EXPECT_EQ(first_outcome("", timeout),  // row 28
            "BAD: timeout while waiting for data from flush socket");
}

TEST(RequestDecoder, DoesNotWaitForTheEndOfTheListOfRefreshAndPurge) {  // row 29
  EXPECT_EQ(first_outcome("request|rfrsh|"), "refresh");
  EXPECT_EQ(first_outcome("request|purge|"), "purge");
  EXPECT_EQ(first_outcome("request|rfrsh|foo|bar||"), "refresh");
  EXPECT_EQ(first_outcome("request|rfrsh|fo", half), "refresh");
}

TEST(RequestDecoder, TakesTheWakeUpAsTheWordOfARequest) {  // row 30
  EXPECT_EQ(first_outcome("request|W||"), "refresh");
}

TEST(RequestDecoder, LeavesTheJudgementOfValuesToTheService) {  // rows 32 to 36
  EXPECT_EQ(first_outcome("request|send_file|queue_id|a/b||"), "send_file a/b");
  EXPECT_EQ(first_outcome("request|send_file|queue_id|||"), "send_file ");
  EXPECT_EQ(first_outcome("request|send_file|queue_id|" + repeated(255, 'A') + "||"),
            "send_file " + repeated(255, 'A'));
  EXPECT_EQ(first_outcome("request|add|site|x|queue_id|a\nb||"), "add x a\nb");
  EXPECT_EQ(first_outcome("request|send_site|site|||"), "send_site ");
  const std::string site = repeated(100'000, 'a');
  EXPECT_EQ(first_outcome("request|add|site|" + site + "|queue_id|A||"), "add " + site + " A");
}

TEST(RequestDecoder, RefusesARequestOfMoreThanAMegabyte) {
  const std::string start = "request|send_site|site|";
  const std::string longest = repeated(request_bytes_max - start.size() - 2, 'a');
  EXPECT_EQ(first_outcome(start + longest + "||"), "send_site " + longest);
  EXPECT_EQ(first_outcome(start + longest + "a||"), "BAD: request from flush socket is too long");
  EXPECT_EQ(first_outcome(start + longest + "a|"), "BAD: request from flush socket is too long");
  EXPECT_EQ(first_outcome("W", more), "needs more");
  EXPECT_EQ(Peer{}.sends("W").sends(repeated(request_bytes_max, 'W')).outcome(), Outcome{"closed"});
}

TEST(RequestDecoder, UsesTheNameOfItsStream) {
  RequestDecoder decoder("etrn socket");
  const DecodeStep step = decoder.decode("", timeout);
  EXPECT_EQ(std::visit(Words{}, step), "BAD: timeout while waiting for data from etrn socket");
}

TEST(RequestDecoder, WaitsForTheFirstByteBeforeItChoosesAProtocol) {
  EXPECT_EQ(Peer{}.sends("").sends("request|rfrsh||").outcome(), Outcome{"refresh"});
}

TEST(RequestDecoder, DecodesEveryRequestAlikeHoweverItIsCut) {
  const std::string text =
      "request|add|site|example.com|queue_id|ABC||request|send_site|site|b||request|purge||";
  const Outcome whole = Peer{}.sends(text).outcome();
  ASSERT_EQ(whole, (Outcome{"add example.com ABC", "send_site b", "purge"}));
  for (std::size_t cut = 1; cut < text.size(); ++cut) {
    const std::string_view view = text;
    EXPECT_EQ(Peer{}.sends(view.substr(0, cut)).sends(view.substr(cut)).outcome(), whole) << cut;
  }
  Peer dripper;
  for (const char c : text) dripper.sends(std::string_view{&c, 1});
  EXPECT_EQ(dripper.outcome(), whole);
}

TEST(PipelinedRequests, ComeOutOneByOneWithTheirSizes) {
  const std::string bytes = wire("request|add|site|a|queue_id|1||request|add|site|b|queue_id|2||reque");
  RequestDecoder decoder("flush socket");
  std::string_view rest = bytes;
  const auto first = std::get<Decoded>(decoder.decode(rest, more));
  EXPECT_EQ(first.consumed_bytes, wire("request|add|site|a|queue_id|1||").size());
  rest.remove_prefix(first.consumed_bytes);
  const auto second = std::get<Decoded>(decoder.decode(rest, more));
  EXPECT_EQ(std::get<AddRequest>(second.request).site, "b");
  rest.remove_prefix(second.consumed_bytes);
  EXPECT_EQ(rest, "reque");
  EXPECT_TRUE(std::holds_alternative<NeedsMore>(decoder.decode(rest, more)));
}

TEST(PipelinedRequests, AreNeverTriggers) {
  const Outcome add_only{"add x A", "closed"};
  EXPECT_EQ(Peer{}.sends("request|add|site|x|queue_id|A||").sends("W|").outcome(), add_only);
  EXPECT_EQ(Peer{}.sends("request|purge||").sends("re").sends("quest|rfrsh||").outcome(),
            (Outcome{"purge", "refresh"}));
}

TEST(PipelinedRequests, FollowTheUnreadEndOfAList) {
  const Outcome both{"refresh", "purge"};
  EXPECT_EQ(Peer{}.sends("request|rfrsh|").sends("|").sends("request|purge||").outcome(), both);
  EXPECT_EQ(Peer{}.sends("request|rfrsh|foo|bar|x|y||request|purge||").outcome(), both);
  const Peer peer = Peer{}.sends("request|send_site|site|x|foo|bar|x|y||request|purge||");
  ASSERT_EQ(peer.outcome().size(), 2u);
  EXPECT_EQ(peer.outcome()[1], "purge");  // without the warning of the request before
  EXPECT_EQ(peer.undecoded(), "");
}

TEST(PipelinedRequests, LeaveNothingBehindWhenTheEndOfARefreshListCameWithIt) {
  EXPECT_EQ(Peer{}.sends("request|rfrsh||").undecoded(), "");
}

TEST(PipelinedRequests, EndTheConversationSilentlyWhenTheyAreJunk) {  // row 12
  const std::string add = "request|add|site|x|queue_id|A||";
  const Outcome add_only{"add x A", "closed"};
  EXPECT_EQ(Peer{}.sends(add + "junk").shuts_down().outcome(), add_only);
  EXPECT_EQ(Peer{}.sends(add + "junk").stays_silent().outcome(), add_only);
  EXPECT_EQ(Peer{}.sends(add + "junk|").outcome(), add_only);
  EXPECT_EQ(Peer{}.sends(add + "request|add||").outcome(), add_only);
  EXPECT_EQ(Peer{}.sends(add + repeated(request_bytes_max, 'a')).outcome(), add_only);
}

TEST(PipelinedRequests, EndSilentlyWithTheInput) {
  const Outcome purge_only{"purge", "closed"};
  EXPECT_EQ(Peer{}.sends("request|purge||").shuts_down().outcome(), purge_only);
  EXPECT_EQ(Peer{}.sends("request|purge|").shuts_down().outcome(), purge_only);
  EXPECT_EQ(Peer{}.sends("request|purge||").stays_silent().outcome(), purge_only);
}

TEST(PipelinedRequests, AreDecodedAlthoughTheInputHasEnded) {
  EXPECT_EQ(Peer{}.sends_last("request|purge||request|rfrsh||", half).outcome(),
            (Outcome{"purge", "refresh", "closed"}));
}

}  // namespace
}  // namespace uflush
