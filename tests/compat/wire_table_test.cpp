/// What clients say and what they get, row by row of BEHAVIOUR.md 2.6: the reply's bytes, how the connection
/// ends, what is logged, and what the spool looks like afterwards.
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <variant>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/log_socket.hpp"
#include "tests/support/master_stand_in.hpp"
#include "tests/support/qmgr_socket.hpp"

namespace uflush::support {
namespace {

using ::testing::ElementsAre;

/// What the client does after it has read the announcement, in order.
struct Say {
  std::string bytes;
};
struct HalfClose {};
/// Until the server has read all that was sent: for what depends on how bytes are split.
struct UntilTaken {};
using Step = std::variant<Say, HalfClose, UntilTaken>;

/// What a request did to a spool that has one old logfile, `old_example` with the deferred message 0LD.
enum class Effect { nothing, stored, refreshed };

struct Row {
  std::string title;
  std::vector<Step> script;
  std::string reply;
  std::vector<std::string> log;  ///< a line that ends in `*` stands for all lines that begin so
  Effect effect = Effect::nothing;
};

/// For the failure report, and for ctest's list.
void PrintTo(const Row& row, std::ostream* out) {
  *out << row.title;
}

const std::string ok = reply_bytes(status_ok);
const std::string bad = reply_bytes(status_bad);
const std::string deny = reply_bytes(status_deny);
const std::string no_reply;

std::string unexpected(const std::string& name, const std::string& wanted) {
  return "warning: unexpected attribute " + name + " from flush socket (expecting: " + wanted + ")";
}
std::string missing(const std::string& wanted) {
  return "warning: missing attribute " + wanted + " in input from flush socket";
}
std::string ended(const std::string& how, const std::string& where) {
  return "warning: " + how + " flush socket while reading input attribute " + where;
}

const std::string premature = "premature end-of-input on";
const std::string unfinished = "unexpected end-of-input from";

std::vector<Row> rows() {
  return {
      {"AddIsStored", {Say{add_request("example.com", "ABC")}}, ok, {}, Effect::stored},
      {"AddWithQueueIdFirst",
       {Say{bytes("request\0add\0queue_id\0ABC\0site\0example.com\0\0")}},
       bad,
       {unexpected("queue_id", "site")}},
      {"AddWithoutQueueId", {Say{bytes("request\0add\0site\0example.com\0\0")}}, bad, {missing("queue_id")}},
      {"AddWithoutSite",
       {Say{bytes("request\0add\0queue_id\0ABC\0\0")}},
       bad,
       {unexpected("queue_id", "site")}},
      {"AddWithNothing", {Say{bytes("request\0add\0\0")}}, bad, {missing("site")}},
      {"AddWithTwoSites",
       {Say{bytes("request\0add\0site\0example.com\0site\0other.example\0queue_id\0ABC\0\0")}},
       bad,
       {unexpected("site", "queue_id")}},
      {"AddWithATrailingSiteIsStored",
       {Say{bytes("request\0add\0site\0example.com\0queue_id\0ABC\0site\0other.example\0\0")}},
       ok,
       {unexpected("site", "(list terminator)")},
       Effect::stored},
      {"AddWithATrailingUnknownAttributeIsStored",
       {Say{bytes("request\0add\0site\0example.com\0queue_id\0ABC\0foo\0bar\0\0")}},
       ok,
       {unexpected("foo", "(list terminator)")},
       Effect::stored},
      {"AddWithAnUnknownAttributeInTheMiddle",
       {Say{bytes("request\0add\0site\0example.com\0foo\0bar\0queue_id\0ABC\0\0")}},
       bad,
       {unexpected("foo", "queue_id")}},
      {"AddCutBeforeItsTerminatorIsNotStored",
       {Say{bytes("request\0add\0site\0example.com\0queue_id\0ABC\0")}, HalfClose{}},
       bad,
       {ended(premature, "name")}},
      {"EndOfInputBehindTheRequestWord", {Say{bytes("request\0add\0")}, HalfClose{}}, bad, {}},
      {"EndOfInputInTheRequestWord",
       {Say{bytes("request\0ad")}, HalfClose{}},
       bad,
       {ended(unfinished, "value")}},
      {"EndOfInputInAName", {Say{"reque"}, HalfClose{}}, bad, {ended(unfinished, "name")}},
      {"EndOfInputBehindAByte0xFF", {Say{"reque\xff"}, HalfClose{}}, bad, {ended(premature, "name")}},
      {"UnknownRequest", {Say{bytes("request\0foo\0\0")}}, no_reply, {}},
      {"RequestInUpperCase",
       {Say{bytes("request\0ADD\0site\0example.com\0queue_id\0ABC\0\0")}},
       no_reply,
       {}},
      {"EmptyRequestWord", {Say{bytes("request\0\0\0")}}, no_reply, {}},
      {"RefreshIsSpelledDifferently", {Say{bytes("request\0refresh\0\0")}}, no_reply, {}},
      {"FirstAttributeIsNotARequest", {Say{bytes("foo\0bar\0\0")}}, bad, {unexpected("foo", "request")}},
      {"EmptyListOfThreeBytes", {Say{bytes("\0\0\0")}}, bad, {missing("request")}},
      {"OneNulByte", {Say{bytes("\0")}}, no_reply, {}},
      {"TwoNulBytes", {Say{bytes("\0\0")}}, no_reply, {}},
      {"WakeUp", {Say{bytes("W\0")}}, ok, {}, Effect::refreshed},
      {"WakeUpEndedByEndOfInput", {Say{"W"}, HalfClose{}}, ok, {}, Effect::refreshed},
      {"WakeUpInTwoPieces", {Say{"W"}, UntilTaken{}, Say{bytes("\0")}}, ok, {}, Effect::refreshed},
      {"WakeUpInLowerCase", {Say{bytes("w\0")}}, no_reply, {}},
      {"UnknownTrigger", {Say{bytes("X\0")}}, no_reply, {}},
      {"TriggerOfTwoLetters", {Say{"WX"}, HalfClose{}}, no_reply, {}},
      {"WakeUpWithTwoNuls", {Say{bytes("W\0\0")}}, bad, {unexpected("W", "request")}},
      {"RequestSplitAfterThreeBytesIsStored",
       {Say{"req"}, UntilTaken{}, Say{add_request("example.com", "ABC").substr(3)}},
       ok,
       {},
       Effect::stored},
      {"RefreshWithoutTerminator", {Say{bytes("request\0rfrsh\0")}}, ok, {}, Effect::refreshed},
      {"RefreshWithExtraAttributes", {Say{bytes("request\0rfrsh\0foo\0bar\0\0")}}, ok, {}, Effect::refreshed},
      {"RefreshByItsWord", {Say{refresh_request()}}, ok, {}, Effect::refreshed},
      {"WakeUpAsAnAttributeValue", {Say{bytes("request\0W\0\0")}}, ok, {}, Effect::refreshed},
      {"SendSiteWithoutSite", {Say{bytes("request\0send_site\0\0")}}, bad, {missing("site")}},
      {"SendSiteOfASiteWithoutLogfile", {Say{send_site_request("unknown.example")}}, ok, {}},
      {"SendFileWithASlash", {Say{send_file_request("a/b")}}, bad, {}},
      {"SendFileWithAnEmptyId", {Say{send_file_request("")}}, bad, {}},
      {"SendFileOutsideOfAscii", {Say{send_file_request("\xc3\xa4")}}, bad, {}},
      {"SendFileWithAnIdOf256Bytes", {Say{send_file_request(std::string(256, 'A'))}}, bad, {}},
      {"SendFileWithAnIdOf255BytesFindsNothing", {Say{send_file_request(std::string(255, 'A'))}}, ok, {}},
      {"AddWithAHyphenInItsId", {Say{add_request("example.com", "a-b")}}, bad, {}},
      {"AddWithAnEmptyId", {Say{add_request("example.com", "")}}, bad, {}},
      {"AddWithANewlineInItsId", {Say{add_request("example.com", "AB\nC")}}, bad, {}},
      {"AddWithAnIdOf256Bytes", {Say{add_request("example.com", std::string(256, 'A'))}}, bad, {}},
      {"AddWithAnEmptySite", {Say{add_request("", "ABC")}}, deny, {}},
      {"SendSiteWithAnEmptySite", {Say{send_site_request("")}}, deny, {}},
  };
}

/// Where uflush does better, by a row of docs/compatibility.md: what the reference does, then what we do.
struct ImprovedRow {
  Row reference;
  Row ours;
};

std::vector<Row> improved_rows() {
  const std::vector<ImprovedRow> all = {
      {{"RequestSplitAfterTwoBytes",
        {Say{"re"}, UntilTaken{}, Say{add_request("example.com", "ABC").substr(2)}},
        no_reply,
        {}},
       {"RequestSplitAfterTwoBytes",
        {Say{"re"}, UntilTaken{}, Say{add_request("example.com", "ABC").substr(2)}},
        ok,
        {},
        Effect::stored}},
      {{"NothingButEndOfInput",
        {HalfClose{}},
        bytes("3\0\0"),
        {"warning: end-of-input while reading request from flush socket: *"}},
       {"NothingButEndOfInput",
        {HalfClose{}},
        bad,
        {"warning: end-of-input while reading request from flush socket: *"}}},
      {{"ASecondRequestBehindTheFirst",
        {Say{add_request("example.com", "ABC") + add_request("example.com", "-")}},
        ok,
        {},
        Effect::stored},
       {"ASecondRequestBehindTheFirst",
        {Say{add_request("example.com", "ABC") + add_request("example.com", "-")}},
        ok + bad,
        {},
        Effect::stored}},
  };
  std::vector<Row> rows;
  rows.reserve(all.size());
  for (const ImprovedRow& row : all) rows.push_back(testing_the_stock_daemon() ? row.reference : row.ours);
  return rows;
}

/// One daemon for all rows, as in life: nothing that a client says may disturb the next one.
class WireTable : public ::testing::TestWithParam<Row> {
 public:
  static void SetUpTestSuite() { world = std::make_unique<World>(); }
  static void TearDownTestSuite() { world.reset(); }

 protected:
  struct World {
    Spool spool;
    LogSocket log{spool.queue().path("public/postlog")};
    QmgrSocket qmgr{spool.queue().path("public/qmgr")};
    MasterStandIn master;
    World() : master(spool, {.arguments = {"-m", "10000"}}) { master.supervise(1); }
  };

  void SetUp() override {
    const QueueDirectory& queue = world->spool.queue();
    for (const std::string& name : queue.log_names()) ::unlink(queue.path("flush/" + name).c_str());
    queue.write_logfile("old_example", "0LD\n", old_s);
    queue.add_deferred("0LD");
  }

  static constexpr std::time_t hour_s = 3600;
  static constexpr std::time_t old_s = 13 * hour_s;  // older than fast_flush_refresh_time
  static std::unique_ptr<World> world;
};

std::unique_ptr<WireTable::World> WireTable::world;

void perform(FlushClient& client, const std::vector<Step>& script) {
  for (const Step& step : script) {
    if (const auto* say = std::get_if<Say>(&step)) client.send(say->bytes);
    if (std::holds_alternative<HalfClose>(step)) client.half_close();
    if (std::holds_alternative<UntilTaken>(step)) client.wait_until_taken();
  }
}

bool matches(const std::string& line, const std::string& pattern) {
  if (pattern.back() != '*') return line == pattern;
  return line.compare(0, pattern.size() - 1, pattern, 0, pattern.size() - 1) == 0;
}

/// What has been logged up to now: a request that nobody else makes marks the place.
std::vector<std::string> logged_so_far(const MasterStandIn& master, LogSocket& log) {
  EXPECT_EQ(master.connect().ask(bytes("marker\0x\0\0")).status(), status_bad);
  return log.take_texts_before("unexpected attribute marker");
}

TEST_P(WireTable, AnswersLogsAndStoresAsTheReferenceDoes) {
  const Row& row = GetParam();
  FlushClient client = world->master.connect();
  ASSERT_EQ(client.read_announcement(), announcement_bytes);
  perform(client, row.script);
  const Reply reply = client.read_reply_and_finish();
  EXPECT_EQ(reply.bytes, row.reply);
  EXPECT_NE(reply.ending, Ending::timeout);

  const std::vector<std::string> log = logged_so_far(world->master, world->log);
  ASSERT_EQ(log.size(), row.log.size()) << ::testing::PrintToString(log);
  for (std::size_t i = 0; i < log.size(); ++i) EXPECT_TRUE(matches(log[i], row.log[i])) << log[i];

  const QueueDirectory& queue = world->spool.queue();
  if (row.effect == Effect::stored) {
    EXPECT_THAT(queue.log_names(), ElementsAre("example_com", "old_example"));
    EXPECT_EQ(queue.logfile("example_com"), "ABC\n");
  } else {
    EXPECT_THAT(queue.log_names(), ElementsAre("old_example"));
  }
  if (row.effect == Effect::refreshed) {
    EXPECT_EQ(queue.logfile("old_example"), "");
    EXPECT_TRUE(world->qmgr.wait_for("I"));
    EXPECT_EQ(world->qmgr.take_triggers(), "I");
    EXPECT_THAT(queue.ids_in("incoming"), ElementsAre("0LD"));
  } else {
    EXPECT_EQ(queue.logfile("old_example"), "0LD\n");
    EXPECT_EQ(world->qmgr.take_triggers(), "");
  }
  ::unlink(queue.path("incoming/0LD").c_str());
}

std::string title_of(const ::testing::TestParamInfo<Row>& info) {
  return info.param.title;
}
INSTANTIATE_TEST_SUITE_P(Rows, WireTable, ::testing::ValuesIn(rows()), title_of);
INSTANTIATE_TEST_SUITE_P(Improved, WireTable, ::testing::ValuesIn(improved_rows()), title_of);

TEST(WireTimeouts, AreAnsweredByTheSameBytesOrSilence) {
  const Spool spool;
  constexpr int a_month_s = 30 * 86400;
  spool.queue().write_logfile("gone_example", "",
                              a_month_s);  // a wake-up that nobody ends wakes up all the same
  LogSocket log{spool.queue().path("public/postlog")};
  MasterStandIn master{spool, {.arguments = {"-o", "ipc_timeout=1s"}}};
  master.supervise();
  struct Case {
    std::string sent, reply;
  };
  const std::vector<Case> cases = {
      {"", bad},
      {"W", no_reply},
      {bytes("request\0add\0"), no_reply},
      {bytes("request\0add\0site\0example.com\0queue_id\0ABC\0"), no_reply},
      {bytes("request\0add\0site\0exam"), no_reply},
  };
  std::vector<FlushClient> clients;
  for (const Case& one : cases) {
    clients.push_back(master.connect());
    ASSERT_EQ(clients.back().read_announcement(), announcement_bytes);
    clients.back().send(one.sent);
  }
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const Reply reply = clients[i].read_to_end();
    EXPECT_EQ(reply.bytes, cases[i].reply) << cases[i].sent;
    EXPECT_EQ(reply.ending, Ending::eof) << cases[i].sent;
  }
  std::vector<std::string> texts = logged_so_far(master, log);
  EXPECT_THAT(texts,
              ::testing::UnorderedElementsAre(
                  "warning: timeout while waiting for data from flush socket",
                  "warning: timeout on flush socket while reading input attribute name",
                  "warning: unexpected end-of-input from flush socket while reading input attribute value"));
  EXPECT_THAT(spool.queue().log_names(), ::testing::IsEmpty());
}

}  // namespace
}  // namespace uflush::support
