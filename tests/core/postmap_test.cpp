#include "core/postmap.hpp"

#include <chrono>
#include <string>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/temp_dir.hpp"

namespace uflush {
namespace {

TEST(PostmapAnswer, IsTheValueBehindTheKey) {
  const auto answer = read_postmap_answer("a.example", 0, "a.example\tx y\tz\n", "");
  EXPECT_EQ(answer.lookup, Lookup::found);
  EXPECT_EQ(answer.text, "x y\tz");
  EXPECT_EQ(read_postmap_answer("a.example", 0, "a.example\ttwo\nlines\n", "").text, "two\nlines");
}

TEST(PostmapAnswer, TellsAMissingKeyFromAFailureByTheFatalLine) {
  EXPECT_EQ(read_postmap_answer("a", 1, "", "").lookup, Lookup::not_found);
  EXPECT_EQ(read_postmap_answer("a", 1, "", "postmap: warning: of no consequence\n").lookup,
            Lookup::not_found);
  const auto broken = read_postmap_answer("a", 1, "",
                                          "postmap: warning: connect to server: Connection refused\n"
                                          "postmap: fatal: table mysql:/x: query error: Success\n");
  EXPECT_EQ(broken.lookup, Lookup::failed);
  EXPECT_EQ(broken.text, "table mysql:/x: query error: Success");
  EXPECT_EQ(read_postmap_answer("a", 1, "", "x: postmap: fatal: in the key\n").lookup, Lookup::not_found);
  EXPECT_EQ(read_postmap_answer("a", 75, "", "").lookup, Lookup::failed);
}

TEST(PostmapAnswer, TakesAnEmptyValueForAValue) {
  const auto answer = read_postmap_answer(
      "a", 1, "", "postmap: warning: table \"sqlite:/x\": empty lookup result for: \"a\" -- ignored\n");
  EXPECT_EQ(answer.lookup, Lookup::found);
  EXPECT_EQ(answer.text, "");
}

TEST(PostmapAnswer, OfSomethingElseIsAFailure) {
  EXPECT_EQ(read_postmap_answer("a", 0, "b\tx\n", "").lookup, Lookup::failed);
  EXPECT_EQ(read_postmap_answer("a", 0, "", "").lookup, Lookup::failed);
  EXPECT_EQ(read_postmap_answer("a", 0, "a\tcut", "").lookup, Lookup::failed);
}

/// A program in postmap's place.
class PostmapProgram : public testing::Test {
 protected:
  PostmapSettings with(const std::string& script) {
    directory_.write("postmap", "#!/bin/sh\n" + script + "\n");
    ::chmod(directory_.path("postmap").c_str(), 0755);
    return {.program = directory_.path("postmap"),
            .config_directory = "/conf",
            .directory = directory_.path(""),
            .utf8 = false,
            .time_limit = std::chrono::seconds{10}};
  }
  support::TempDir directory_;
};

TEST_F(PostmapProgram, GetsTheKeyAsALineAndTheTableAsAnArgument) {
  const PostmapSettings settings = with(R"#(read -r key; printf '%s\t%s in %s\n' "$key" "$*" "$(pwd)")#");
  const auto answer = ask_postmap(settings, "sqlite:/x y", "-q $(id)");
  EXPECT_EQ(answer.lookup, Lookup::found);
  std::string here = directory_.path("");
  while (here.ends_with('/')) here.pop_back();
  EXPECT_EQ(answer.text, "-c /conf -f -u -q - sqlite:/x y in " + here);
}

TEST_F(PostmapProgram, ThatIsMissingOrDiesIsAFailure) {
  PostmapSettings settings = with("kill -9 $$");
  EXPECT_EQ(ask_postmap(settings, "x:y", "a").text, "postmap has been killed");
  settings.program = "/nonexistent/postmap";
  EXPECT_EQ(ask_postmap(settings, "x:y", "a").text, "/nonexistent/postmap: No such file or directory");
}

TEST_F(PostmapProgram, ThatTakesTooLongIsKilled) {
  PostmapSettings settings = with("exec cat /dev/zero > /dev/null");
  settings.time_limit = std::chrono::seconds{0};
  EXPECT_EQ(ask_postmap(settings, "x:y", "a").text, "no answer within 0s");
}

TEST_F(PostmapProgram, MayWriteMoreThanIsRead) {
  const auto answer = ask_postmap(with("head -c 3000000 /dev/zero"), "x:y", "a");
  EXPECT_EQ(answer.lookup, Lookup::failed);
}

}  // namespace
}  // namespace uflush
