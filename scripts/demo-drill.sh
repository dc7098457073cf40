# Sourced by scripts/demo: the information centre is lost; two systems come back from the second site's copies alone, in a
# sandbox, in the order they depend on each other. What this machine has not, such as nginx, is not asked of the drill.

# Adds a second system, and how both come back; $1 is the kind of the database that was backed up.
make_drill() {
  mkdir -p "$DEMO/school/portal"
  printf '<h1>school portal</h1>\n' >"$DEMO/school/portal/index.html"
  mkdir -p "$SITE/backup/recoveries"
  cp -R scripts/demo-drill/. "$SITE/"
  sed -i "s|@DEMO@|$DEMO|g" "$SITE"/backup/plans/school-web.yml
  if [ "$1" = postgresql ]; then
    cat >"$SITE/backup/recoveries/school-records.yml" <<YAML
id: school-records
services:
  - {id: database, kind: postgresql, loads: {database: school}}
checks:
  - id: pupils
    title: {zh: 学籍表完整, en: All pupils are there}
    kind: sql
    service: database
    settings: {database: school, query: SELECT count(*) FROM pupils, equals: "$PUPILS"}
YAML
  else
    cat >"$SITE/backup/recoveries/school-records.yml" <<YAML
id: school-records
checks:
  - id: certificate
    title: {zh: 证书文件已恢复, en: A certificate is back}
    kind: file
    settings: {source: uploads, path: "$DEMO/school/uploads/certificate-one.txt", text: one 2000}
YAML
  fi
  if PATH="$PATH:/usr/sbin:/sbin" command -v nginx >/dev/null; then
    cat >"$SITE/backup/recoveries/school-web.yml" <<YAML
id: school-web
services:
  - {id: web, kind: nginx, settings: {files: portal, root: "$DEMO/school/portal"}}
checks:
  - id: front-page
    title: {zh: 首页可以打开, en: The front page opens}
    kind: http
    service: web
    settings: {path: /, text: school portal}
YAML
  else
    cat >"$SITE/backup/recoveries/school-web.yml" <<YAML
id: school-web
checks:
  - id: front-page
    title: {zh: 首页文件已恢复, en: The front page is back}
    kind: file
    settings: {source: portal, path: "$DEMO/school/portal/index.html", text: school portal}
YAML
  fi
}

demo_drill() {
  make_drill "$KIND"
  try 0 backup run school-web
  try 0 backup copy school-web --to far
  try "0 1" drill plan site-loss
  try 0 drill run site-loss
  try 0 drill list
  try 0 drill show latest --report "$OUT/drill.html"
}
