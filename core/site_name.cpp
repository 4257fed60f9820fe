#include "core/site_name.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/case_fold.hpp"

namespace uflush {
namespace {

constexpr std::size_t known_count_max = 256;
/// Bounds the memory of the cache. Nothing sensible is longer: the ASCII form ends at 253 bytes.
constexpr std::size_t known_site_bytes_max = 4096;
constexpr std::size_t logged_bytes_max = 100;
constexpr std::size_t domain_bytes_max = 253;
constexpr std::size_t label_bytes_max = 63;

/// What a byte of a plain site becomes, 0 when the site is not plain. `-` and `.` have rules of their own.
constexpr std::array<char, 256> plain_bytes = [] {
  std::array<char, 256> bytes{};
  for (char c = 'a'; c <= 'z'; ++c) bytes[static_cast<unsigned char>(c)] = c;
  for (char c = 'A'; c <= 'Z'; ++c) bytes[static_cast<unsigned char>(c)] = static_cast<char>(c - 'A' + 'a');
  for (char c = '0'; c <= '9'; ++c) bytes[static_cast<unsigned char>(c)] = c;
  for (const char c : {'-', '_', '.'}) bytes[static_cast<unsigned char>(c)] = '_';
  return bytes;
}();

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

/// Hyphens at the ends are errors, and at positions 3 and 4 they are errors or mark an A-label (`xn--`).
bool is_plain_label(std::string_view label) noexcept {
  if (label.empty() || label.size() > label_bytes_max) return false;
  if (label.front() == '-' || label.back() == '-') return false;
  return label.size() < 4 || label[2] != '-' || label[3] != '-';
}

std::string to_logfile(std::string ascii) {
  const auto to_plain = [](char c) { return plain_bytes[static_cast<unsigned char>(c)]; };
  std::transform(ascii.begin(), ascii.end(), ascii.begin(), to_plain);
  return ascii;
}

}  // namespace

std::size_t plain_site_name(std::string_view site, std::array<char, 256>& logfile) noexcept {
  if (site.empty() || site.size() > domain_bytes_max) return 0;
  bool numeric = true;
  std::size_t label = 0;  // where it starts
  for (std::size_t i = 0; i < site.size(); ++i) {
    const char c = site[i];
    const char plain = plain_bytes[static_cast<unsigned char>(c)];
    if (plain == 0) return 0;
    logfile[i] = plain;
    if (c != '.') {
      numeric = numeric && is_digit(c);
      continue;
    }
    if (!is_plain_label(site.substr(label, i - label))) return 0;
    label = i + 1;
  }
  if (numeric || !is_plain_label(site.substr(label))) return 0;
  return site.size();
}

SiteName SiteNames::map(std::string_view site) {
  if (const std::size_t length = plain_site_name(site, plain_); length > 0)
    return {std::string_view(plain_.data(), length), {}};

  if (const auto found = by_site_.find(site); found != by_site_.end()) {
    known_.splice(known_.begin(), known_, found->second);
    return {found->second->logfile, {}};
  }
  const Known& known = remember(translate(site));
  return {known.logfile, known.warning};
}

std::string SiteNames::ascii_form(std::string_view site) {
  std::array<char, 256> unused{};
  if (plain_site_name(site, unused) == 0) return idna_.to_ascii(site).ascii;
  return fold_case(site, Folding::ascii);
}

SiteNames::Known SiteNames::translate(std::string_view site) {
  IdnaMapper::Answer answer = idna_.to_ascii(site);
  Known known{std::string(site), to_logfile(std::move(answer.ascii)), {}};
  if (known.logfile.empty())
    known.warning =
        fmt::format("midna_domain_to_ascii_create: Problem translating domain \"{}\" to ASCII form: {}",
                    site.substr(0, logged_bytes_max), answer.failure);
  return known;
}

const SiteNames::Known& SiteNames::remember(Known known) {
  if (known.site.size() > known_site_bytes_max) {
    too_long_ = std::move(known);
    return too_long_;
  }
  if (known_.size() == known_count_max) {
    by_site_.erase(known_.back().site);
    known_.pop_back();
  }
  known_.push_front(std::move(known));
  by_site_.emplace(known_.front().site, known_.begin());
  return known_.front();
}

}  // namespace uflush
