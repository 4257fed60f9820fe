#include "core/config_watch.hpp"

#include <filesystem>
#include <fstream>
#include <string>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include "tests/support/temp_dir.hpp"

namespace uflush {
namespace {

namespace fs = std::filesystem;

/// Watches `main.cf` of its directory; its contents are old.
class ConfigWatchTest : public testing::Test {
 protected:
  ConfigWatchTest() { directory_.write("main.cf", "a = b\n"); }

  ConfigWatch watch_main_cf() const {
    ConfigWatch watch = ConfigWatch::open().value();
    EXPECT_TRUE(watch.watch_file(directory_.path("main.cf")));
    EXPECT_FALSE(watch.drain_and_check());
    return watch;
  }

  support::TempDir directory_;
};

TEST_F(ConfigWatchTest, SeesNewContents) {
  ConfigWatch watch = watch_main_cf();
  directory_.write("main.cf", "a = c\n");
  EXPECT_TRUE(watch.drain_and_check());
  EXPECT_TRUE(watch.drain_and_check()) << "a change stays a change";
}

TEST_F(ConfigWatchTest, WaitsUntilTheWriterIsDone) {
  ConfigWatch watch = watch_main_cf();
  std::ofstream writer(directory_.path("main.cf"), std::ios::app);
  writer << "half a li" << std::flush;
  EXPECT_FALSE(watch.drain_and_check());
  writer << "ne = x\n";
  writer.close();
  EXPECT_TRUE(watch.drain_and_check());
}

TEST_F(ConfigWatchTest, SeesAnotherFileRenamedOverIt) {
  ConfigWatch watch = watch_main_cf();
  directory_.write("main.cf.new", "a = c\n");
  EXPECT_FALSE(watch.drain_and_check());
  fs::rename(directory_.path("main.cf.new"), directory_.path("main.cf"));
  EXPECT_TRUE(watch.drain_and_check());
}

TEST_F(ConfigWatchTest, SeesItBeingRemovedOrRenamedAway) {
  ConfigWatch removed = watch_main_cf();
  ConfigWatch renamed = watch_main_cf();
  fs::rename(directory_.path("main.cf"), directory_.path("main.cf.old"));
  EXPECT_TRUE(renamed.drain_and_check());
  EXPECT_TRUE(removed.drain_and_check());
  directory_.write("main.cf", "a = b\n");
  ConfigWatch again = watch_main_cf();
  fs::remove(directory_.path("main.cf"));
  EXPECT_TRUE(again.drain_and_check());
}

TEST_F(ConfigWatchTest, SeesAMissingFileAppear) {
  ConfigWatch watch = ConfigWatch::open().value();
  ASSERT_TRUE(watch.watch_file(directory_.path("relay.db")));
  directory_.write("relay.db", "x");
  EXPECT_TRUE(watch.drain_and_check());
}

TEST_F(ConfigWatchTest, DoesNotMindReadersModesTimestampsAndNeighbours) {
  ConfigWatch watch = watch_main_cf();
  std::string text;
  std::ifstream(directory_.path("main.cf")) >> text;
  EXPECT_EQ(::chmod(directory_.path("main.cf").c_str(), 0640), 0);
  EXPECT_EQ(::utimensat(AT_FDCWD, directory_.path("main.cf").c_str(), nullptr, 0), 0);
  ::close(::open(directory_.path("main.cf").c_str(), O_RDWR | O_CLOEXEC));
  directory_.write("master.cf", "x");
  fs::remove(directory_.path("master.cf"));
  EXPECT_FALSE(watch.drain_and_check());
}

TEST_F(ConfigWatchTest, FollowsSymbolicLinksAndSeesAnyOfThemExchanged) {
  // As Kubernetes mounts a ConfigMap: main.cf -> ..data/main.cf, ..data -> ..one
  for (const char* version : {"..one", "..two"}) {
    fs::create_directory(directory_.path(version));
    directory_.write(std::string(version) + "/main.cf", version);
  }
  fs::create_symlink("..one", directory_.path("..data"));
  fs::create_symlink("..two", directory_.path("..data_tmp"));
  fs::remove(directory_.path("main.cf"));
  fs::create_symlink("..data/main.cf", directory_.path("main.cf"));

  ConfigWatch for_contents = watch_main_cf();
  ConfigWatch for_exchange = watch_main_cf();
  directory_.write("..two/main.cf", "not ours yet");
  EXPECT_FALSE(for_contents.drain_and_check());
  directory_.write("..one/main.cf", "ours");
  EXPECT_TRUE(for_contents.drain_and_check());

  ConfigWatch for_link = watch_main_cf();
  fs::rename(directory_.path("..data_tmp"), directory_.path("..data"));
  EXPECT_TRUE(for_link.drain_and_check());
  EXPECT_TRUE(for_exchange.drain_and_check());
}

TEST_F(ConfigWatchTest, TakesPathsInAllTheirSpellings) {
  fs::create_directory(directory_.path("sub"));
  fs::create_symlink("//" + directory_.path("sub"), directory_.path("absolute"));
  fs::create_symlink("../sub/", directory_.path("sub/up"));
  directory_.write("sub/relay", "a b\n");
  const std::string relative = fs::relative(directory_.path("sub/relay")).string();
  for (const std::string& path :
       {relative, "./" + relative, directory_.path("absolute/relay"), directory_.path("sub/up//up/relay"),
        "//" + directory_.path("sub/../sub/.//relay")}) {
    ConfigWatch watch = ConfigWatch::open().value();
    ASSERT_TRUE(watch.watch_file(path)) << path;
    EXPECT_FALSE(watch.drain_and_check()) << path;
    directory_.write("sub/relay", "a c\n");
    EXPECT_TRUE(watch.drain_and_check()) << path;
  }
}

TEST_F(ConfigWatchTest, RefusesALoopOfLinks) {
  fs::create_symlink("b", directory_.path("a"));
  fs::create_symlink("a", directory_.path("b"));
  ConfigWatch watch = ConfigWatch::open().value();
  const Result<void> watched = watch.watch_file(directory_.path("a"));
  ASSERT_FALSE(watched);
  EXPECT_EQ(watched.error(), Error{ELOOP});
}

TEST_F(ConfigWatchTest, NeedsTheDirectoryToExist) {
  ConfigWatch watch = ConfigWatch::open().value();
  const Result<void> watched = watch.watch_file(directory_.path("none/relay"));
  ASSERT_FALSE(watched);
  EXPECT_EQ(watched.error(), Error{ENOENT});
}

TEST_F(ConfigWatchTest, SeesTheWholeDirectoryGo) {
  fs::create_directory(directory_.path("conf"));
  directory_.write("conf/main.cf", "x");
  ConfigWatch watch = ConfigWatch::open().value();
  ASSERT_TRUE(watch.watch_file(directory_.path("conf/main.cf")));
  fs::rename(directory_.path("conf"), directory_.path("conf.old"));
  EXPECT_TRUE(watch.drain_and_check());
}

TEST_F(ConfigWatchTest, HasADescriptorThatBecomesReadable) {
  ConfigWatch watch = watch_main_cf();
  pollfd readable{watch.fd(), POLLIN, 0};
  EXPECT_EQ(::poll(&readable, 1, 0), 0);
  directory_.write("main.cf", "a = c\n");
  EXPECT_EQ(::poll(&readable, 1, 0), 1);
}

}  // namespace
}  // namespace uflush
