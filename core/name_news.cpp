#include "core/name_news.hpp"

#include <cerrno>

namespace uflush {
namespace {

constexpr std::chrono::seconds era_length{1};

}  // namespace

NameNews::Era NameNews::era(Instant now) {
  if (now >= era_ends_) {
    begin_era();
    era_ends_ = now + era_length;
  }
  return era_;
}

void NameNews::begin_era() noexcept {
  ++era_;
  covered_.clear();
  uncovered_.clear();
}

NameNews::Era NameNews::cover(const std::string& path) {
  if (watch_ == nullptr) return never;
  const std::string_view directory = std::string_view(path).substr(0, path.rfind('/'));
  if (covered_.contains(directory)) return era_;
  if (uncovered_.contains(directory)) return never;
  if (const auto watched = watch_way_to(path); !watched) {
    // Directories are made when they are needed.
    if (watched.error().number != ENOENT) uncovered_.emplace(directory);
    return never;
  }
  covered_.emplace(directory);
  return era_;
}

/// Each directory from the queue directory down may be exchanged.
Result<void> NameNews::watch_way_to(const std::string& path) {
  TRY_VOID(watch_->watch(".", NameWatch::Interest::changes));
  for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    TRY_VOID(watch_->watch(path.substr(0, slash).c_str(), NameWatch::Interest::changes_and_openings));
  }
  return outcome::success();
}

NameWatch::News NameNews::read() {
  NameWatch::News news = watch_->read();
  if (news.perhaps_all) begin_era();
  return news;
}

}  // namespace uflush
