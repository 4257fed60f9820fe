// Tables as postmap(1) makes them. Without Postfix there is nothing to look into, so the tests say so and
// skip.

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/table/open_table.hpp"
#include "tests/support/temp_dir.hpp"

namespace uflush {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Type {
  const char* name;
  const char* suffix;
};

void PrintTo(const Type& type, std::ostream* out) {
  *out << type.name;
}

class CompiledTable : public testing::TestWithParam<Type> {
 protected:
  std::string source() const { return directory_.path("t"); }
  std::string file() const { return source().append(GetParam().suffix); }
  std::string type_name() const { return fmt::format("{}:{}", GetParam().name, source()); }

  /// Compiles `text`. False when postmap(1) is not there or cannot make such tables.
  bool make(const std::string& text, const std::string& smtputf8_enable = "yes") {
    directory_.write("t", text);
    std::filesystem::create_directory(directory_.path("etc"));
    directory_.write("etc/main.cf",
                     "compatibility_level = 3.6\nmyhostname = h.test\ninet_interfaces = 127.0.0.1\n"
                     "smtputf8_enable = " +
                         smtputf8_enable + "\n");
    const timespec old[2] = {{1000000000, 0},
                             {1000000000, 0}};  // else postmap(1) waits until it has cooled down
    if (::utimensat(AT_FDCWD, directory_.path("etc/main.cf").c_str(), old, 0) < 0) return false;
    std::filesystem::copy_file("/etc/postfix/dynamicmaps.cf", directory_.path("etc/dynamicmaps.cf"),
                               std::filesystem::copy_options::overwrite_existing, ignored_);
    const std::string command = fmt::format("postmap -c {} {} 2>{}", directory_.path("etc"), type_name(),
                                            directory_.path("postmap.log"));
    return std::system(command.c_str()) == 0;
  }

  OpenedTable open() {
    announced_.clear();
    const TableContext context{
        .utf8 = false, .read_file = {}, .before_open = [this](const std::string& path) {
          announced_.push_back(path);
        }};
    return open_table(type_name(), context);
  }

  support::TempDir directory_;
  std::error_code ignored_;
  std::vector<std::string> announced_;  ///< files of which open() was told before they were opened
};

std::string all_warnings(const Warnings& warnings) {
  return fmt::format("{}", fmt::join(warnings, "; "));
}

TEST_P(CompiledTable, FindsTheKeysThatPostmapStored) {
  std::string text;
  for (int i = 0; i < 2000; ++i) text += fmt::format("site{}.example\tvalue {}\n", i, i);
  if (!make(text)) GTEST_SKIP() << "postmap cannot make " << type_name();
  const OpenedTable opened = open();
  ASSERT_EQ(opened.error, std::nullopt);
  EXPECT_THAT(opened.warnings, IsEmpty());
  EXPECT_THAT(announced_, ElementsAre(file()));
  EXPECT_EQ(opened.table->keys(), Keys::fixed);
  Inquiry inquiry;
  for (int i = 0; i < 2000; ++i)
    ASSERT_EQ(opened.table->find(fmt::format("site{}.example", i), inquiry), Lookup::found) << i;
  for (const auto* const key : {"site2000.example", "site1", "example", "value 1", "", "site1.example\n"})
    EXPECT_EQ(opened.table->find(key, inquiry), Lookup::not_found) << key;
  EXPECT_EQ(opened.table->find(std::string(5000, 'x'), inquiry), Lookup::not_found);
  EXPECT_EQ(all_warnings(inquiry.warnings), "");
}

TEST_P(CompiledTable, HasValuesWithoutTheNulBehindThem) {
  if (!make("a  b c \n")) GTEST_SKIP() << "postmap cannot make " << type_name();
  Inquiry inquiry;
  inquiry.wants_value = true;
  EXPECT_EQ(open().table->find("a", inquiry), Lookup::found);
  EXPECT_EQ(inquiry.value, "b c");
}

// The tables that are compiled call themselves by their file, except lmdb.
TEST_P(CompiledTable, FailsForAValueThatIsNotUtf8ButHasToBe) {
  if (!make("a b\xff\n", "no")) GTEST_SKIP() << "postmap cannot make " << type_name();
  for (const bool utf8 : {false, true}) {
    const OpenedTable opened = open_table(type_name(), TableContext{.utf8 = utf8, .read_file = {}});
    Inquiry inquiry;
    EXPECT_EQ(opened.table->find("a", inquiry), utf8 ? Lookup::failed : Lookup::found);
    const std::string name =
        std::string(GetParam().name) == "lmdb" ? type_name() : fmt::format("{}:{}", GetParam().name, file());
    EXPECT_EQ(
        all_warnings(inquiry.warnings),
        utf8 ? fmt::format("{}: key \"a\": non-UTF-8 value \"b\xff\": malformed UTF-8 or invalid codepoint",
                           name)
             : "");
  }
}

TEST_P(CompiledTable, FindsAKeyInLowerCaseBecausePostmapFoldsIt) {
  if (!make("Example.COM x\n")) GTEST_SKIP() << "postmap cannot make " << type_name();
  const OpenedTable opened = open();
  Inquiry inquiry;
  EXPECT_EQ(opened.table->find("example.com", inquiry), Lookup::found);
  EXPECT_EQ(opened.table->find("Example.COM", inquiry), Lookup::not_found);
}

TEST_P(CompiledTable, StaysOpenWhenItsNameIsGone) {
  if (!make("a.b x\n")) GTEST_SKIP() << "postmap cannot make " << type_name();
  const OpenedTable opened = open();
  std::filesystem::remove(file());
  Inquiry inquiry;
  EXPECT_EQ(opened.table->find("a.b", inquiry), Lookup::found);
}

TEST_P(CompiledTable, WarnsWhenTheSourceIsNewer) {
  if (!make("a.b x\n")) GTEST_SKIP() << "postmap cannot make " << type_name();
  const timespec old[2] = {{1000000000, 0}, {1000000000, 0}};
  const timespec newer[2] = {{1200000000, 0}, {1200000000, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, file().c_str(), old, 0), 0);
  EXPECT_THAT(open().warnings, IsEmpty()) << "the source is fresh: postmap may be on its way";
  ASSERT_EQ(::utimensat(AT_FDCWD, source().c_str(), newer, 0), 0);
  EXPECT_THAT(open().warnings,
              ElementsAre(fmt::format("database {} is older than source file {}", file(), source())));
}

TEST_P(CompiledTable, IsUnavailableWithoutItsFile) {
  const OpenedTable opened = open();
  EXPECT_EQ(opened.error, fmt::format("open database {}: No such file or directory", file()));
  EXPECT_FALSE(opened.fatal);
  Inquiry inquiry;
  EXPECT_EQ(opened.table->find("a.b", inquiry), Lookup::failed);
  EXPECT_THAT(inquiry.warnings,
              ElementsAre(fmt::format("{} is unavailable. {}", type_name(), *opened.error)));
  EXPECT_THAT(announced_, ElementsAre(file()));
}

TEST_P(CompiledTable, ReportsAFileThatIsSomethingElse) {
  std::ofstream(file()) << std::string(5000, 'x');
  const OpenedTable opened = open();
  Inquiry inquiry;
  // A constant database has no signature: only a look-up can tell.
  const bool refused = opened.error.has_value() || opened.table->find("a.b", inquiry) == Lookup::failed;
  EXPECT_TRUE(refused);
}

TEST_P(CompiledTable, WaitsForPostmapWhenItSaysThatItMayBlock) {
  if (!make("a.b x\n")) GTEST_SKIP() << "postmap cannot make " << type_name();
  const OpenedTable opened = open();
  const int writer = ::open(file().c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_GE(writer, 0);
  ASSERT_EQ(::flock(writer, LOCK_EX), 0);
  // It would wait for ever, and ends when it is told to.
  std::stop_source told;
  Lookup answer = Lookup::not_found;
  std::thread reader([&] {
    Inquiry inquiry;
    inquiry.give_up = told.get_token();
    answer = opened.table->find("a.b", inquiry);
  });
  told.request_stop();
  reader.join();
  EXPECT_EQ(answer, opened.table->may_block() ? Lookup::failed : Lookup::found);
  std::thread patient([&] {
    Inquiry inquiry;
    answer = opened.table->find("a.b", inquiry);
  });
  ASSERT_EQ(::flock(writer, LOCK_UN), 0);
  patient.join();
  EXPECT_EQ(answer, Lookup::found);
  ::close(writer);
}

INSTANTIATE_TEST_SUITE_P(EveryType, CompiledTable,
                         testing::Values(Type{"hash", ".db"}, Type{"btree", ".db"}, Type{"lmdb", ".lmdb"},
                                         Type{"cdb", ".cdb"}),
                         [](const auto& parameter) { return std::string(parameter.param.name); });

}  // namespace
}  // namespace uflush
