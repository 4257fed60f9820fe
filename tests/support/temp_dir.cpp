#include "tests/support/temp_dir.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#include <sys/stat.h>

#include "tests/support/failure.hpp"

namespace uflush::support {

TempDir::TempDir(std::string_view parent) {
  const char* from_environment = std::getenv("TMPDIR");
  std::string name(parent);
  if (name.empty()) name = from_environment != nullptr ? from_environment : "/tmp";
  name += "/uflush.XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) fail_errno("mkdtemp " + name);
  path_ = name;
  if (::chmod(path_.c_str(), 0755) != 0) fail_errno("chmod " + path_);
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TempDir::path(std::string_view name) const {
  return path_ + "/" + std::string(name);
}

void TempDir::write(std::string_view name, std::string_view content) const {
  write_file(path(name), content);
}

std::string read_file(const std::string& path) {
  const std::ifstream in(path, std::ios::binary);
  if (!in) fail_errno("open " + path);
  std::ostringstream content;
  content << in.rdbuf();
  return content.str();
}

void write_file(const std::string& path, std::string_view content) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << content;
  out.close();
  if (!out) fail_errno("write " + path);
}

}  // namespace uflush::support
