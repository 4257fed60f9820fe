/// -v tells at least what the reference tells, in its words (BEHAVIOUR.md 7.8): the same script for both, and
/// every text of the reference has to be among ours.
#include <algorithm>
#include <array>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/log_socket.hpp"
#include "tests/support/master_stand_in.hpp"
#include "tests/support/qmgr_socket.hpp"
#include "tests/support/unix_socket.hpp"

namespace uflush::support {
namespace {

using Texts = std::vector<std::string>;

/// Texts of the reference that we have no like of, by how they begin.
struct Exception {
  std::string_view begin;
  std::string_view why;
};
constexpr std::array exceptions{
    Exception{"name_mask:", "parameters that flush does not use"},
    Exception{"inet_addr_local:", "parameters that flush does not use"},
    Exception{"been_here:", "parameters that flush does not use"},
    Exception{"mynetworks_core:", "parameters that flush does not use"},
    Exception{"Compiled against Berkeley DB", "said at most once by whoever asks the library"},
    Exception{"Run-time linked against Berkeley DB", "said at most once by whoever asks the library"},
    Exception{"dict_open: internal:", "how the reference keeps a table in memory"},
    Exception{"dict_regexp_lookup:", "the line in front of it names the table and the key"},
    Exception{"ctable_locate:", "how the reference remembers translations of names"},
};

bool is_exception(std::string_view text) {
  return std::any_of(exceptions.begin(), exceptions.end(),
                     [&](const Exception& each) { return text.starts_with(each.begin); });
}

/// What does not depend on where the spool is.
std::string normalised(std::string text, const Spool& spool) {
  for (const std::string& directory : {spool.config_directory(), spool.queue().path()})
    for (std::size_t at = 0; (at = text.find(directory)) != std::string::npos;)
      text.replace(at, directory.size(), 1, '@');
  return text;
}

/// One daemon at work; its texts piece by piece.
class Narrator {
 public:
  Narrator(const std::string& program, const Parameters& main_cf, const std::vector<std::string>& arguments)
      : spool(main_cf), log(spool.queue().path("public/postlog")), qmgr(spool.queue().path("public/qmgr")) {
    write_file(spool.config_directory() + "/list", "infile.example\n");
    write_file(spool.config_directory() + "/sites", "table.example x\n");
    write_file(spool.config_directory() + "/patterns", "/pattern/ x\n");
    std::vector<std::string> all = {"-v"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    master.emplace(spool, StandInOptions{.program = program, .arguments = all});
  }

  /// Everything up to now. A request that nobody else makes marks the place: `connection closed` is the last
  /// that is told of it.
  Texts take() {
    EXPECT_EQ(master->connect().ask(bytes("marker\0x\0\0")).status(), status_bad);
    Texts texts = log.take_texts_before("unexpected attribute marker");
    EXPECT_TRUE(log.wait_for("connection closed"));
    log.take_texts();
    for (std::string& text : texts) text = normalised(std::move(text), spool);
    return texts;
  }

  Spool spool;
  LogSocket log;
  QmgrSocket qmgr;
  std::optional<MasterStandIn> master;
};

const Parameters lists = {
    {"fast_flush_domains",
     "$config_directory/list, !!bang.example, !no.example, texthash:$config_directory/sites, "
     "inline:{inline.example=x}, regexp:$config_directory/patterns, fail.example, b\xc3\xbc"
     "cher.example"},
    {"parent_domain_matches_subdomains", "debug_peer_list, inline:{x=y}, !relay_domains, fast_flush_domains"},
};

constexpr std::time_t hour_s = 3600;
constexpr std::time_t day_s = 24 * hour_s;

void fill(const QueueDirectory& queue) {
  for (const char* id : {"AAA1", "AAA2", "BBB1", "CCC1"}) queue.add_deferred(id);
  queue.write_logfile("infile_example", "AAA1\nAAA1\n bad\nAAA2\n", hour_s);
  queue.write_logfile("old_example", "CCC1\n", 13 * hour_s);
  queue.write_logfile("young_example", "CCC1\n", 6 * hour_s);
  queue.write_logfile("gone_example", "", 8 * day_s);
  queue.write_logfile("stays_example", "", 6 * day_s);
}

struct Step {
  const char* title;
  std::string request;
};

const std::vector<Step> steps = {
    {"file of sites", add_request("www.InFile.example", "AAA1")},
    {"denied", add_request("no.example", "AAA1")},
    {"table", add_request("a.table.example", "AAA1")},
    {"pattern", add_request("a.pattern.example", "AAA1")},
    {"international", add_request("B\xc3\x9c"
                                  "CHER.example",
                                  "AAA1")},
    {"no match", send_site_request("nobody.example")},
    {"no log", send_site_request("bang.example")},
    {"send site", send_site_request("infile.example")},
    {"send file", send_file_request("BBB1")},
    {"missing file", send_file_request("NONE")},
    {"refresh", refresh_request()},
    {"wake-up", bytes("W\0")},
    {"purge", purge_request()},
    {"unknown word", bytes("request\0foo\0\0")},
    {"bad queue ID", add_request("infile.example", "-")},
    {"surplus attribute", bytes("request\0add\0site\0infile.example\0queue_id\0A1\0foo\0bar\0\0")},
    {"wrong order", bytes("request\0add\0queue_id\0A1\0site\0infile.example\0\0")},
    {"missing attribute", bytes("request\0send_site\0\0")},
};

void expect_contained(const Texts& theirs, const Texts& ours) {
  for (const std::string& text : theirs) {
    if (is_exception(text)) continue;
    EXPECT_THAT(ours, ::testing::Contains(text));
  }
}

TEST(Verbose, TellsAtLeastWhatTheReferenceTellsOfStartAndRequests) {
  Narrator theirs(stock_daemon, lists, {});
  Narrator ours(tested_daemon(), lists, {});
  for (Narrator* narrator : {&theirs, &ours}) {
    fill(narrator->spool.queue());
    narrator->master->spawn();
  }
  const Texts their_start = theirs.take();
  const Texts our_start = ours.take();
  {
    SCOPED_TRACE("start");
    expect_contained(their_start, our_start);
  }
  // The one pair that master(8) gets is told with the first client.
  const Texts notified = {"master_notify: status 0", "master_notify: status 1"};
  EXPECT_THAT(our_start, ::testing::IsSupersetOf({notified[0]}));
  for (const Step& step : steps) {
    SCOPED_TRACE(step.title);
    for (Narrator* narrator : {&theirs, &ours}) narrator->master->connect().ask(step.request);
    Texts their_texts = theirs.take();
    for (const std::string& text : notified)
      their_texts.erase(std::remove(their_texts.begin(), their_texts.end(), text), their_texts.end());
    expect_contained(their_texts, ours.take());
  }
  EXPECT_EQ(theirs.spool.queue().ids_in("incoming"), ours.spool.queue().ids_in("incoming"));
}

TEST(Verbose, TellsWhyTheProcessEnds) {
  for (const std::string& program : {std::string(stock_daemon), tested_daemon()}) {
    Narrator idle(program, {}, {"-i", "1s"});
    ASSERT_TRUE(idle.master->spawn().wait());
    EXPECT_EQ(idle.log.texts().back(), "idle timeout -- exiting");
    Narrator reloaded(program, {}, {});
    ChildProcess& child = reloaded.master->spawn();
    EXPECT_EQ(reloaded.master->connect().ask(add_request("example.com", "A")).status(), status_ok);
    reloaded.master->disconnect();
    ASSERT_TRUE(child.wait());
    EXPECT_THAT(reloaded.log.texts(), ::testing::Contains("master disconnect -- exiting"));
  }
}

TEST(Verbose, TellsOfAQueueManagerThatDoesNotListen) {
  for (const std::string& program : {std::string(stock_daemon), tested_daemon()}) {
    SCOPED_TRACE(program);
    const Spool spool;
    const QueueDirectory& queue = spool.queue();
    LogSocket log{queue.path("public/postlog")};
    MasterStandIn master{spool, {.program = program, .arguments = {"-v"}}};
    master.spawn();
    queue.write_logfile("example_com", "AAA1\n");
    { const OwnedFd gone = bind_unix_socket(queue.path("public/qmgr"), SOCK_STREAM); }
    EXPECT_EQ(master.connect().ask(send_site_request("example.com")).status(), status_ok);
    EXPECT_TRUE(log.wait_for("warning: unix_trigger: connect to public/qmgr: Connection refused"));
    ::unlink(queue.path("public/qmgr").c_str());
    ASSERT_EQ(::mkfifo(queue.path("public/qmgr").c_str(), 0622), 0);
    ASSERT_EQ(::chmod(queue.path("public/qmgr").c_str(), 0622), 0);
    queue.write_logfile("example_com", "AAA1\n");
    EXPECT_EQ(master.connect().ask(send_site_request("example.com")).status(), status_ok);
    EXPECT_TRUE(log.wait_for("fifo_trigger: open public/qmgr: cannot open file: No such device or address"));
  }
}

// What it costs to tell all this is that each request is judged anew.
TEST(Verbose, ChangesNothingElse) {
  Narrator ours(tested_daemon(), lists, {});
  ours.master->spawn();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(ours.master->connect().ask(add_request("a.table.example", "A")).status(), status_ok);
    EXPECT_THAT(ours.take(), ::testing::Contains("match_hostname: fast_flush_domains: a.table.example ~? "
                                                 "texthash:@/sites(0,lock|utf8_request)"));
  }
  EXPECT_EQ(ours.spool.queue().logfile("a_table_example"), "A\nA\nA\n");
}

}  // namespace
}  // namespace uflush::support
