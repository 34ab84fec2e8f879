# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# The flame graph of scripts/where, on that script's variables.
# shellcheck disable=SC2154

# What draws the page: npm's packages and their checksums.
flame_packages=(
	"d3 7.9.2 sha512-ZKb/mONPVKzaO5UlcWcwN8bS4ezvQaYu+bsou+XgNABdGC800kwH651ADTbbTxMPHW13UlvbQafdmJQDk1w7Mg=="
	"d3-flame-graph 5.0.0 sha512-ALZQ4at8Dex8HCoj9D5p5TY6gLNEc2vAZAy+NKO/6GLEfhYJmGxYuRClO6RPoplndyOHxQTPipdlGeMggkjtnQ=="
)
flame_scripts=(d3-7.9.2/dist/d3.min.js d3-flame-graph-5.0.0/dist/d3-flamegraph.umd.min.js)

# flame_library: sets library, the directory that has the packages unpacked.
flame_library()
{
	local package name version sum tmp

	library=$CACHE/npm
	for package in "${flame_packages[@]}"; do
		read -r name version sum <<<"$package"
		[ ! -d "$library/$name-$version" ] || continue
		need npm tar openssl
		directory "$library"
		tmp=$(mktemp -d "$library/tmp.XXXXXX")
		(cd "$tmp" && npm pack --silent "$name@$version" >/dev/null 2>npm.log && mkdir package) ||
			die 125 "npm has no $name $version; $tmp/npm.log has its words, --flame FILE.folded needs none"
		[ "sha512-$(openssl dgst -sha512 -binary "$tmp"/*.tgz | base64 -w 0)" = "$sum" ] ||
			die 125 "$tmp: $name $version is not what it was; its checksum is another"
		tar -x -C "$tmp/package" --strip-components=1 -f "$tmp"/*.tgz
		mv -T "$tmp/package" "$library/$name-$version" 2>/dev/null || [ -d "$library/$name-$version" ]
		rm -r "$tmp"
	done
}

# fold TOP DIR: the folded stacks of a directory with symbols.gz and stacks.
fold()
{
	local run=$2

	{ symbols; awk '{ print $3, "z" }' "$run/stacks" | sort -u; } | sort |
		awk -v top="$1" -f "$here/flame.awk" - "$run/stacks" | sort
}

# by_leaf: the instructions of each function in folded stacks, sorted.
by_leaf()
{
	awk '{
		n = $NF
		sub(/ [0-9]+$/, "")
		sub(/.*;/, "")
		sum[$0] += n
	}
	END { for (f in sum) printf "%.0f\t%s\n", sum[f], f }' | sort
}

# flame_fold MECHANISM[:WAIT]: leaves $(counts MECHANISM).folded, of which every function
# has as many instructions as in the table, counted there without regard to calls.
flame_fold()
{
	local folded

	folded=$(counts "$1").folded
	fold "$1" "$run" >"$folded"
	diff <(by_function 1 | awk -F '\t' '{ printf "%.0f\t%s\n", $1, $3 }' | sort) <(by_leaf <"$folded") >&2 ||
		die 1 "$1: the functions above have other counts by calls than without; report this"
}

# flame_page TITLE MESSAGES FOLDED: a page with all that it needs, on stdout.
flame_page()
{
	awk -v title="$1" -v messages="$2" -v folded="$3" -v library="$library" -v scripts="${flame_scripts[*]}" '
		function insert(file, line)
		{
			while ((getline line <file) > 0)
				print line
		}
		$1 == "@STACKS@"	{ insert(folded); next }
		$1 == "@SCRIPTS@" {
			n = split(scripts, script, " ")
			for (i = 1; i <= n; i++) {
				print "<script>"
				insert(library "/" script[i])
				print "</script>"
			}
			next
		}
		{ gsub(/@TITLE@/, title); gsub(/@MESSAGES@/, messages); print }' "$here/flame.html"
}

# flame_write FILE TITLE MECHANISM[:WAIT]...
flame_write()
{
	local file=$1 title=$2 mech all=$dir/all.folded
	shift 2

	for mech; do
		cat "$(counts "$mech").folded"
	done >"$all"
	case $file in
	*.folded)	cp "$all" "$file" ;;
	*)		flame_page "$title" $((messages * blocks * rounds)) "$all" >"$file" ;;
	esac
	note "the calls are in $file"
}
