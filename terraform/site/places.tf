# Where each host lies, judged by its own provider, whatever the site's is. A validation cannot ask locals that rest on
# its variable, so that the output of settings asks these.
locals {
  # of one root; keyvault/roots/opening.py reads it
  root_form = join("", ["(", join("|", [
    "aws-kms:(arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:(key|alias)/[A-Za-z0-9/_-]+|alias/[A-Za-z0-9/_-]+|[A-Za-z0-9-]+)(\\?${local.kms_option}(&${local.kms_option})*)?",
    "transit:https://[A-Za-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9_-]+)+(\\?ca=[A-Za-z0-9/._-]+)?",
    "quorum:[A-Za-z0-9/._-]+(\\?(needed|shares)=[0-9]+(&(needed|shares)=[0-9]+)?)?",
    "pkcs11:(token|object)=[A-Za-z0-9%._ -]+;(token|object)=[A-Za-z0-9%._ -]+\\?module-path=[A-Za-z0-9/._-]+",
  ]), ")"])
  kms_option = "(region=[a-z0-9-]+|endpoint=https://[A-Za-z0-9.-]+(:[0-9]+)?)"

  roots = split("\n", replace(trimprefix(var.root, "combined:"), "/\\+(file|quorum|pkcs11|aws-kms|transit):/", "\n$1:"))
  kms = [
    for root in local.roots : {
      options = { for name in ["region", "endpoint"] : name => [for each in regexall("[?&]([a-z]+)=([^&]*)", root) : each[1] if each[0] == name] }
      arn     = try(regex("^aws-kms:arn:[a-z-]+:kms:([a-z0-9-]+):", root), [])
    } if startswith(root, "aws-kms:")
  ]
  # of each key its regions: by its ARN, by its option, by the name of its endpoint; they are to be one
  kms_regions = [for each in local.kms : distinct(concat(each.arn, each.options.region))]

  named = concat(
    [for name, host in var.hosts : { of = "hosts.${name}", kms = false, host = host } if host != null],
    [for root in local.roots : { of = "root", kms = false, host = split("/", root)[2] } if startswith(root, "transit:")],
    flatten([for each in local.kms : [for url in each.options.endpoint : { of = "root", kms = true, host = split("/", url)[2] }]]),
  )
  # lower-cased, without port and final dot
  bare = [for each in local.named : merge(each, { host = trimsuffix(regex("^[^:]*", lower(each.host)), ".") })]
  judged = [
    for each in local.bare : merge(each, {
      tells = !anytrue([for domain in local.silent : endswith(".${each.host}", ".${domain}")]) && anytrue(flatten([
        for domain, afters in local.after_region : [for after in afters : endswith(".${each.host}", "${after}.${domain}")]
      ]))
      regions = flatten([
        for domain, regions in local.eea_regions : [
          for region in regions : [for after in local.after_region[domain] : region if endswith(".${each.host}", ".${region}${after}.${domain}")]
        ]
      ])
      # of a name of one's own: what is written as a region is one of the site's provider
      foreign = [
        for label in split(".", each.host) : label
        if can(regex("^(af|ap|ca|cn|eu|eusc|il|me|mx|sa|us)(-[a-z]+)+-?[0-9]+[a-z]?$", label)) &&
        !contains(lookup(local.eea_regions, var.cloud, []), label)
      ]
    })
  ]
  outside = distinct([
    for each in local.judged : each.of if each.tells ? length(each.regions) == 0 : length(each.foreign) > 0
  ])
  kms_endpoints = flatten([for each in local.judged : each.regions if each.kms])
}
