/// From sites to logfiles, and why some have none, in the words of the reference (BEHAVIOUR.md 4).
#include <ctime>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/log_socket.hpp"
#include "tests/support/master_stand_in.hpp"
#include "tests/support/qmgr_socket.hpp"

namespace uflush::support {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

namespace fs = std::filesystem;

struct Named {
  std::string site;
  std::string log_name;
};

struct Unnamed {
  std::string site;
  std::string why;
};

std::string repeated(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

/// A name of `size` bytes in labels of nine.
std::string name_of_size(std::size_t size) {
  return repeated("aaaaaaaaa.", 24).append(size - 240, 'x');
}

std::string plain(std::string text) {
  for (char& c : text)
    if (c == '.') c = '_';
  return text;
}

const std::string malformed = "malformed ASCII label(s)";

std::vector<Named> named() {
  return {
      {"a", "a"},
      {"EXAMPLE.Com", "example_com"},
      {"_dmarc.x-y.example", "_dmarc_x_y_example"},
      {"1-2.3", "1_2_3"},
      {"3com.example", "3com_example"},
      {"B\xc3\x9c"
       "CHER.example",
       "xn__bcher_kva_example"},
      {"XN--BCHER-KVA.example", "xn__bcher_kva_example"},
      {"fa\xc3\x9f.de", "xn__fa_hia_de"},
      {"a\xe3\x80\x82"
       "b",
       "a_b"},
      {"a\xef\xbc\x8e"
       "b",
       "a_b"},
      {std::string(63, 'x') + ".de", std::string(63, 'x') + "_de"},
      {name_of_size(253), plain(name_of_size(253))},
  };
}

std::vector<Unnamed> unnamed() {
  std::vector<Unnamed> all = {
      {"ex..com", "UIDNA_ERROR_EMPTY_LABEL"},
      {".example.com", "UIDNA_ERROR_EMPTY_LABEL"},
      {"-", "UIDNA_ERROR_LEADING_HYPHEN,UIDNA_ERROR_TRAILING_HYPHEN"},
      {"a-.example", "UIDNA_ERROR_TRAILING_HYPHEN"},
      {"ab--cd.com", "UIDNA_ERROR_HYPHEN_3_4"},
      {"xn--zz!!.com", "UIDNA_ERROR_PUNYCODE"},
      {"xn--a", "UIDNA_ERROR_INVALID_ACE_LABEL"},
      {"xn--www-ggi.x", "UIDNA_ERROR_LEADING_COMBINING_MARK,UIDNA_ERROR_INVALID_ACE_LABEL"},
      {"\xcd\xb8.x", "UIDNA_ERROR_DISALLOWED"},
      {std::string(64, 'x') + ".de", "UIDNA_ERROR_LABEL_TOO_LONG"},
      {name_of_size(254), "UIDNA_ERROR_DOMAIN_NAME_TOO_LONG"},
      {std::string(100'000, 'a'), "UIDNA_ERROR_LABEL_TOO_LONG,UIDNA_ERROR_DOMAIN_NAME_TOO_LONG"},
      {repeated("\xc3\xa9", 1100), "U_INPUT_TOO_LONG_ERROR"},
      {"b\xfc"
       "cher.x",
       "malformed UTF-8"},
      {"\xc0\xaf.x", "malformed UTF-8"},
      {"\xed\xa0\x80.x", "malformed UTF-8"},
      {"\xf4\x90\x80\x80.x", "malformed UTF-8"},
  };
  for (const char* site :
       {"1.2.3.4", "[1.2.3.4]", "[IPv6:::1]", "12345", "example.com.", "a b.com", "user@example.com", "a/b"})
    all.push_back({site, malformed});
  return all;
}

/// The log has 100 bytes of the site, without smtputf8_enable in plain ASCII.
std::string complaint(const Unnamed& each) {
  std::string site = each.site.substr(0, 100);
  for (char& c : site)
    if (static_cast<unsigned char>(c) >= 0x80) c = '?';
  return "warning: midna_domain_to_ascii_create: Problem translating domain \"" + site +
         "\" to ASCII form: " + each.why;
}

class Names : public ::testing::Test {
 protected:
  std::vector<std::string> logged() {
    EXPECT_EQ(master.connect().ask(bytes("marker\0x\0\0")).status(), status_bad);
    return log.take_texts_before("unexpected attribute marker");
  }

  Spool spool{{{"smtputf8_enable", "no"}}};  // which does not matter to names
  const QueueDirectory& queue = spool.queue();
  LogSocket log{queue.path("public/postlog")};
  MasterStandIn master{spool, {.arguments = {"-m", "10000"}}};
};

TEST_F(Names, OfLogfilesAreMadeOfSites) {
  master.supervise(1);
  for (const Named& each : named()) {
    EXPECT_EQ(master.connect().ask(add_request(each.site, "AAA1")).status(), status_ok) << each.site;
    EXPECT_THAT(queue.log_names(), ElementsAre(each.log_name)) << each.site;
    fs::remove(queue.path("flush/" + each.log_name));
  }
  EXPECT_THAT(logged(), IsEmpty());
}

TEST_F(Names, ThatCannotBeMadeAreComplainedAboutOnceInTheReferencesWords) {
  master.supervise(1);
  for (const Unnamed& each : unnamed()) {
    SCOPED_TRACE(complaint(each));
    EXPECT_EQ(master.connect().ask(add_request(each.site, "AAA1")).status(), status_deny);
    EXPECT_THAT(logged(), ElementsAre(complaint(each)));
    EXPECT_EQ(master.connect().ask(send_site_request(each.site)).status(), status_deny);
    const std::vector<std::string> again = logged();
    if (each.site.size() > 4096) continue;  // ours does not remember absurd ones
    EXPECT_THAT(again, IsEmpty());
  }
  EXPECT_THAT(queue.log_names(), IsEmpty());
}

TEST_F(Names, FollowIdna2003WhenAsked) {
  MasterStandIn transitional{spool, {.arguments = {"-o", "enable_idna2003_compatibility=yes"}}};
  transitional.supervise(1);
  EXPECT_EQ(transitional.connect().ask(add_request("fa\xc3\x9f.de", "AAA1")).status(), status_ok);
  EXPECT_EQ(transitional.connect()
                .ask(add_request("a\xe2\x80\x8d"
                                 "b.de",
                                 "AAA1"))
                .status(),
            status_ok);
  EXPECT_THAT(queue.log_names(), ElementsAre("ab_de", "fass_de"));
}

// ---- Hashed directories.

/// A name, and the text whose first letters name its directories (BEHAVIOUR.md 4.4).
struct Hashed {
  std::string name;
  std::string source;
};

const std::vector<Hashed> messages = {
    {"ABCDEF12345", "ABCDEF12345"}, {"A", "A"}, {"a_9", "a_9"},
    {"4SVLCh0000z5", "00000"},       // long, at 0 microseconds
    {"BBBBBBBBBBz", "15E032"},       // the four B before the z, as a number
    {"3zzzzzzzzzzzz", "6F90FF"},     // the last z counts
    {"0123456789_BCDz1", "00000"},   // what is no number counts as 0
    {"4SVLCh000z5", "4SVLCh000z5"},  // the z comes too early
};

const std::vector<Hashed> logs = {
    {"example_com", "example_com"}, {"x_y", "x_y"}, {"mail_example_biz", "00000"}};

std::string path_in(const std::string& queue, const Hashed& file, std::size_t depth) {
  std::string path = queue + "/";
  for (std::size_t i = 0; i < depth; ++i) {
    path.push_back(i < file.source.size() ? file.source[i] : '_');
    path.push_back('/');
  }
  return path + file.name;
}

void make_file(const QueueDirectory& queue, const std::string& path) {
  const MailOwner owner = mail_owner();
  fs::path directory;
  for (const auto& part : fs::path(path).parent_path()) {
    directory /= part;
    ::mkdir(queue.path(directory.string()).c_str(), 0700);
    ASSERT_EQ(::chown(queue.path(directory.string()).c_str(), owner.uid, owner.gid), 0);
  }
  write_file(queue.path(path), "message");
  ASSERT_EQ(::chmod(queue.path(path).c_str(), 0700), 0);
  ASSERT_EQ(::chown(queue.path(path).c_str(), owner.uid, owner.gid), 0);
}

class HashedQueues : public ::testing::TestWithParam<std::size_t> {};

TEST_P(HashedQueues, HaveDirectoriesOfAnyDepthForFlushToo) {
  const std::size_t depth = GetParam();
  const Spool spool{
      {{"hash_queue_names", "Deferred incoming,FLUSH"}, {"hash_queue_depth", std::to_string(depth)}}};
  const QueueDirectory& queue = spool.queue();
  const LogSocket log{queue.path("public/postlog")};
  QmgrSocket qmgr{queue.path("public/qmgr")};
  MasterStandIn master{spool, {.arguments = {"-m", "10000"}}};
  master.supervise(1);
  for (const Hashed& message : messages) {
    make_file(queue, path_in("deferred", message, depth));
    EXPECT_EQ(master.connect().ask(add_request("example.com", message.name)).status(), status_ok);
  }
  for (const char* site : {"x.y", "mail.example.biz"})
    EXPECT_EQ(master.connect().ask(add_request(site, "GONE")).status(), status_ok);
  for (const Hashed& each : logs) {
    EXPECT_TRUE(fs::is_regular_file(queue.path(path_in("flush", each, depth)))) << each.name;
    const fs::path directory = fs::path(queue.path(path_in("flush", each, depth))).parent_path();
    EXPECT_EQ(fs::status(directory).permissions(), fs::perms::owner_all);
  }
  EXPECT_EQ(master.connect().ask(send_site_request("example.com")).status(), status_ok);
  for (const Hashed& message : messages)
    EXPECT_TRUE(fs::exists(queue.path(path_in("incoming", message, depth)))) << message.name;

  // A purge finds them all.
  for (const Hashed& each : logs) {
    const timespec then{std::time(nullptr) - 60, 0};
    const timespec times[2] = {then, then};
    ASSERT_EQ(::utimensat(AT_FDCWD, queue.path(path_in("flush", each, depth)).c_str(), times, 0), 0);
  }
  qmgr.take_triggers();
  EXPECT_EQ(master.connect().ask(purge_request()).status(), status_ok);
  for (const Hashed& each : logs)
    EXPECT_EQ(fs::file_size(queue.path(path_in("flush", each, depth))), 0U) << each.name;
  EXPECT_THAT(log.texts(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Depths, HashedQueues, ::testing::Values(1, 2, 3, 5, 6, 7, 12));

}  // namespace
}  // namespace uflush::support
