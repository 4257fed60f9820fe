#include "core/file_stamps.hpp"

#include <filesystem>
#include <string>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/temp_dir.hpp"

namespace uflush {
namespace {

namespace fs = std::filesystem;

/// Looks at `main.cf`; the text is known, as after reading it.
class FileStampsTest : public testing::Test {
 protected:
  FileStampsTest() {
    write("a = b\n");
    StampedFile file = stamped(path);
    file.stamp.contents = contents_mark("a = b\n");
    files.add(file);
  }
  void write(const std::string& text) { directory.write("main.cf", text); }
  /// Gives the file another time of modification.
  void touch() const {
    const std::array<timespec, 2> times{timespec{.tv_sec = 1000, .tv_nsec = 0},
                                        timespec{.tv_sec = 1000, .tv_nsec = 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times.data(), 0), 0);
  }
  /// A change is only believed at the second look.
  void expect_a_change() {
    EXPECT_FALSE(files.look());
    EXPECT_TRUE(files.is_unsettled());
    EXPECT_TRUE(files.look());
    EXPECT_FALSE(files.is_unsettled());
    EXPECT_FALSE(files.look()) << "once per change";
  }
  void expect_no_change() {
    for (int i = 0; i < 3; ++i) EXPECT_FALSE(files.look());
    EXPECT_FALSE(files.is_unsettled());
  }

  support::TempDir directory;
  const std::string path = directory.path("main.cf");
  FileStamps files;
};

TEST_F(FileStampsTest, SeeNewContents) {
  expect_no_change();
  write("a = cc\n");
  expect_a_change();
}

TEST_F(FileStampsTest, SeeContentsOfTheSameLength) {
  write("a = c\n");
  touch();
  expect_a_change();
}

TEST_F(FileStampsTest, SeeAnotherFileAndAMissingOne) {
  directory.write("other", "a = c\n");
  fs::rename(directory.path("other"), path);
  expect_a_change();
  fs::remove(path);
  expect_a_change();
  write("a = b\n");
  expect_a_change();
}

TEST_F(FileStampsTest, DoNotMindModesTimesAndCopiesWithTheSameText) {
  ASSERT_EQ(::chmod(path.c_str(), 0640), 0);
  touch();
  expect_no_change();
  directory.write("other", "a = b\n");
  fs::rename(directory.path("other"), path);
  expect_no_change();
}

TEST_F(FileStampsTest, TakeANewTimeForAChangeWhereTheTextIsNotKnown) {
  FileStamps tables;
  tables.add(stamped(path));
  EXPECT_FALSE(tables.look());
  touch();
  EXPECT_FALSE(tables.look());
  EXPECT_TRUE(tables.look());
}

TEST_F(FileStampsTest, WaitUntilAFileIsNoLongerWrittenTo) {
  write("a = c\n");
  touch();
  EXPECT_FALSE(files.look());
  write("a = c\nd = e\n");
  EXPECT_FALSE(files.look());
  EXPECT_TRUE(files.is_unsettled());
  EXPECT_TRUE(files.look());
}

TEST_F(FileStampsTest, DoNotMindAFileThatBecomesWhatItWas) {
  fs::rename(path, directory.path("aside"));
  EXPECT_FALSE(files.look());
  EXPECT_TRUE(files.is_unsettled());
  fs::rename(directory.path("aside"), path);
  expect_no_change();
}

TEST(Stamped, HasAnAbsolutePath) {
  EXPECT_EQ(stamped("x").path, (fs::current_path() / "x").string());
  EXPECT_EQ(stamped("/x").path, "/x");
  EXPECT_EQ(stamped("/nonexistent").stamp.exists, 0U);
}

}  // namespace
}  // namespace uflush
