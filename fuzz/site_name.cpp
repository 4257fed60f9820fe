/// Sites to logfile names: a name is 1 to 253 bytes of a-z, 0-9 and `_`, so that its path cannot leave the
/// flush directory; a site has a name or, the first time, a reason why not; asked again it answers alike; the
/// fast path and ICU agree; the ASCII form of a site, and the site in capitals, have the name of the site.
///
/// Each line of the input is a site.
#include "core/site_name.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "core/idna.hpp"
#include "fuzz/input.hpp"
#include "io/check.hpp"
#include "protocol/queue_id.hpp"
#include "protocol/queue_path.hpp"

namespace uflush {
namespace {

constexpr std::size_t sites_max = 64;  // fewer than are remembered

bool is_name_byte(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '_';
}

void check_path(std::string_view name) {
  static const QueueLayout hashed("deferred, flush", 3);
  const std::string path = hashed.path("flush", name);
  FLUSH_ASSERT(path.starts_with("flush/") && path.ends_with(std::string("/").append(name)));
  const std::string_view within = std::string_view(path).substr(6);
  FLUSH_ASSERT(std::count(within.begin(), within.end(), '/') == 3);
  FLUSH_ASSERT(path.find("..") == std::string::npos && path.find("//") == std::string::npos);
}

void check_name(std::string_view name) {
  FLUSH_ASSERT(name.size() <= 253 && std::all_of(name.begin(), name.end(), is_name_byte));
  FLUSH_ASSERT(is_valid_queue_id(name));
  check_path(name);
}

/// The name by way of ICU alone.
std::string name_by_icu(IdnaMapper& mapper, std::string_view site, std::string& ascii) {
  const IdnaMapper::Answer answer = mapper.to_ascii(site);
  FLUSH_ASSERT(answer.ascii.empty() != answer.failure.empty());
  FLUSH_ASSERT(answer.ascii.empty() || is_valid_hostname(answer.ascii));
  ascii = answer.ascii;
  std::string name = answer.ascii;
  for (char& byte : name) byte = is_name_byte(byte) ? byte : '_';
  return name;
}

std::string in_capitals(std::string_view text) {
  std::string capitals(text);
  for (char& byte : capitals)
    if (byte >= 'a' && byte <= 'z') byte = static_cast<char>(byte - 'a' + 'A');
  return capitals;
}

void check_site(std::string_view site, SiteNames& names, IdnaMapper& mapper) {
  const std::string name(names.map(site).logfile);
  if (!name.empty()) check_name(name);
  FLUSH_ASSERT(names.map(site).logfile == name && names.map(site).warning.empty());

  std::string ascii;
  FLUSH_ASSERT(name_by_icu(mapper, site, ascii) == name);
  std::array<char, 256> plain{};
  const std::size_t plain_bytes = plain_site_name(site, plain);
  if (plain_bytes > 0) FLUSH_ASSERT(std::string_view(plain.data(), plain_bytes) == name);
  if (!name.empty()) FLUSH_ASSERT(names.map(ascii).logfile == name);
  FLUSH_ASSERT(names.map(in_capitals(site)).logfile == name);
}

void check(const std::vector<std::string_view>& sites, Idna idna) {
  static std::array<IdnaMapper, 2> mappers{IdnaMapper{Idna::idna2008}, IdnaMapper{Idna::transitional}};
  SiteNames names(idna);
  for (const std::string_view site : sites) {
    const SiteName first = names.map(site);
    FLUSH_ASSERT(first.logfile.empty() || first.warning.empty());
    if (!first.warning.empty())
      FLUSH_ASSERT(first.warning.starts_with("midna_domain_to_ascii_create: Problem translating domain \""));
    if (site.size() <= 253) check_site(site, names, mappers[idna == Idna::idna2008 ? 0 : 1]);
  }
}

}  // namespace
}  // namespace uflush

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace uflush;
  std::vector<std::string_view> sites = split(as_text(data, size), '\n');
  if (sites.size() > sites_max) sites.resize(sites_max);
  check(sites, Idna::idna2008);
  check(sites, Idna::transitional);
  return 0;
}
