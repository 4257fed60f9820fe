#include "tests/differential/step.hpp"

#include <array>
#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/failure.hpp"
#include "tests/support/queue_directory.hpp"

namespace uflush::differential {
namespace {

namespace fs = std::filesystem;

const char* to_text(SpoolEvent::Kind kind) {
  constexpr std::array names{"put file",      "remove",         "change mode", "hard link",
                             "symbolic link", "make directory", "set times",   "rename"};
  return names.at(static_cast<std::size_t>(kind));
}

void set_owner(const std::string& path, const SpoolEvent& event) {
  const support::MailOwner owner = support::mail_owner();
  const uid_t uid = event.owned_by_root ? 0 : owner.uid;
  const gid_t gid = event.owned_by_root ? 0 : owner.gid;
  if (::lchown(path.c_str(), uid, gid) != 0) support::fail_errno("lchown " + path);
}

void set_times(const std::string& path, const SpoolEvent& event, std::time_t base) {
  const timespec times[2] = {{base - event.atime_age_s, 0}, {base - event.mtime_age_s, 0}};
  ::utimensat(AT_FDCWD, path.c_str(), times, 0);
}

/// Replaces what is there by another inode, as programs do that write a new file and rename it.
void put_file(const std::string& path, const SpoolEvent& event, std::time_t base) {
  std::error_code ignored;
  fs::remove_all(path, ignored);
  {
    std::ofstream file(path, std::ios::binary);
    file << event.content;
    if (!file.flush()) return;
  }
  set_owner(path, event);
  ::chmod(path.c_str(), event.mode);
  set_times(path, event, base);
}

void make_directory(const std::string& path, const SpoolEvent& event) {
  std::error_code ignored;
  if (fs::is_directory(fs::symlink_status(path, ignored))) return;
  fs::remove_all(path, ignored);
  if (::mkdir(path.c_str(), 0700) != 0) return;
  set_owner(path, event);
  ::chmod(path.c_str(), event.mode);
}

}  // namespace

std::string Conversation::all_bytes() const {
  std::string all;
  for (const std::string& piece : pieces) all += piece;
  return all;
}

void apply(const SpoolEvent& event, const std::string& queue_directory, std::time_t base) {
  const std::string path = queue_directory + "/" + event.path;
  std::error_code ignored;
  switch (event.kind) {
    case SpoolEvent::Kind::put_file:
      return put_file(path, event, base);
    case SpoolEvent::Kind::remove:
      fs::remove_all(path, ignored);
      return;
    case SpoolEvent::Kind::change_mode:
      // Never through a symbolic link: it may lead anywhere.
      if (!fs::is_symlink(path, ignored)) ::chmod(path.c_str(), event.mode);
      return;
    case SpoolEvent::Kind::link_hard:
      fs::create_hard_link(queue_directory + "/" + event.content, path, ignored);
      return;
    case SpoolEvent::Kind::link_symbolic:
      fs::remove_all(path, ignored);
      if (::symlink(event.content.c_str(), path.c_str()) == 0) set_owner(path, event);
      return;
    case SpoolEvent::Kind::make_directory:
      return make_directory(path, event);
    case SpoolEvent::Kind::set_times:
      return set_times(path, event, base);
    case SpoolEvent::Kind::rename:
      fs::rename(path, queue_directory + "/" + event.content, ignored);
      return;
  }
}

std::string as_literal(std::string_view bytes, std::size_t bytes_max) {
  std::string text = "\"";
  for (const char byte : bytes.substr(0, bytes_max)) {
    if (byte == '"' || byte == '\\') {
      text += '\\';
      text += byte;
    } else if (byte >= ' ' && byte < 0x7f) {
      text += byte;
    } else if (byte == '\0') {
      text += "\\0";
    } else {
      text += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
    }
  }
  text += '"';
  return bytes.size() > bytes_max ? text + fmt::format("... ({} bytes)", bytes.size()) : text;
}

std::string to_text(const SpoolEvent& event) {
  return fmt::format("{} {} mode {:04o} {} ages {}/{} s {}", to_text(event.kind), as_literal(event.path),
                     event.mode, event.owned_by_root ? "of root" : "of postfix", event.atime_age_s,
                     event.mtime_age_s, as_literal(event.content));
}

std::string to_text(const Conversation& conversation) {
  std::string text = conversation.speaks_first ? "without waiting, client says" : "client says";
  for (const std::string& piece : conversation.pieces) text.append(" ").append(as_literal(piece));
  if (conversation.pipelining == Pipelining::one_client) text += " in one piece";
  if (conversation.leaving == Leaving::after_the_request) return text + " and goes away";
  if (conversation.leaving == Leaving::before_the_announcement)
    return text + " and goes away while the daemon serves another";
  return text + (conversation.half_closes ? " and shuts its side down" : "");
}

}  // namespace uflush::differential
