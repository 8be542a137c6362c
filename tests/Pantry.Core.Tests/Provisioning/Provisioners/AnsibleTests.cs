using System.Text.Json.Nodes;
using Pantry.Provisioning.Provisioners;

namespace Pantry.Tests.Provisioning.Provisioners;

/// <summary>The real Ansible, and a real role and playbook that write files below a directory of the test.</summary>
public sealed class AnsibleTests : IDisposable
{
    private const string Tasks = """
        - name: Write the configuration
          copy: { dest: "{{ root }}/shop.conf", content: "{{ greeting | default('hello') }} {{ pantry.identity }}\n", mode: "0640" }
        - name: Write the unit file
          template: { src: shop.service.j2, dest: "{{ root }}/shop.service", mode: "0644" }
          notify: Tell
        - name: Write the password
          copy: { dest: "{{ root }}/password", content: "{{ password }}", mode: "0600" }
          no_log: true
          when: password is defined
        - name: Break
          copy: { dest: "{{ root }}/missing/file", content: x }
          when: breaks | default(false)
        """;

    private readonly ProvisionRig _rig = new();

    public static bool NoAnsible => ToolFinder.Locate("ansible-playbook", Environment.GetEnvironmentVariable("PATH") ?? "") is null;

    public void Dispose() => _rig.Dispose();

    [Fact(SkipWhen = nameof(NoAnsible), Skip = "Ansible is not installed: apt-get install ansible-core.")]
    public async Task A_role_tells_what_it_would_do_does_it_and_has_nothing_left_to_do()
    {
        ProvisionReport would = await _rig.ApplyAsync(Role, dryRun: true);
        Assert.True(would.Status == ProvisionStatus.WouldChange, would.LogTail);
        Assert.Equal((3, 2), (would.Changed, would.Skipped));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_rig.Machine));

        ProvisionReport first = await _rig.ApplyAsync(Role);
        Assert.Equal((ProvisionStatus.Changed, "ansible-playbook", 3, 0), (first.Status, first.Tool, first.Changed, first.Failed));
        ProvisionResource file = Assert.Single(first.Resources, resource => resource.Name.EndsWith("Write the configuration", StringComparison.Ordinal));
        Assert.Equal(("copy", ResourceStatus.Changed), (file.Type, file.Status));
        Assert.True(file.Duration > TimeSpan.Zero);
        Assert.Equal("hello app.host\n", File.ReadAllText($"{_rig.Machine}/shop.conf"));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead, ProvisionRig.Mode($"{_rig.Machine}/shop.conf"));
        Assert.Contains("ExecStart=/usr/bin/shop", File.ReadAllText($"{_rig.Machine}/shop.service"), StringComparison.Ordinal);
        Assert.Contains("PLAY RECAP", File.ReadAllText(first.LogPath!), StringComparison.Ordinal);

        ProvisionReport second = await _rig.ApplyAsync(Role);
        // The facts that a play of Pantry's own gathers are a task too.
        Assert.Equal((ProvisionStatus.Unchanged, 0, 3), (second.Status, second.Changed, second.Unchanged));
    }

    [Fact(SkipWhen = nameof(NoAnsible), Skip = "Ansible is not installed: apt-get install ansible-core.")]
    public async Task A_task_that_fails_fails_the_report_and_is_named()
    {
        ProvisionReport report = await _rig.ApplyAsync(Role, parameters: new JsonObject { ["root"] = _rig.Machine, ["breaks"] = true });

        Assert.Equal((ProvisionStatus.Failed, 1), (report.Status, report.Failed));
        Assert.Contains("Break", report.Error!.Message, StringComparison.Ordinal);
        Assert.Contains("does not exist", report.Error.Message, StringComparison.Ordinal);
    }

    [Fact(SkipWhen = nameof(NoAnsible), Skip = "Ansible is not installed: apt-get install ansible-core.")]
    public async Task A_playbook_is_run_and_one_that_cannot_be_read_fails_with_what_Ansible_says()
    {
        PlannedPackage playbook = _rig.Package("ansible", "site", ("site.yml", """
            - hosts: web
              gather_facts: false
              tasks:
                - copy: { dest: "{{ root }}/greeting", content: "{{ pantry.environment }}" }
            """));
        ProvisionReport report = await _rig.ApplyAsync(playbook);
        Assert.True(report.Status == ProvisionStatus.Changed, report.LogTail);
        Assert.Equal("production", File.ReadAllText($"{_rig.Machine}/greeting"));

        ProvisionReport broken = await _rig.ApplyAsync(_rig.Package("ansible", "broken", ("site.yml", "- hosts: [\n")));
        Assert.Equal(ProvisionStatus.Failed, broken.Status);
        Assert.Contains("exit code 4", broken.Error!.Message, StringComparison.Ordinal);
        Assert.Contains("YAML", broken.LogTail, StringComparison.Ordinal);
    }

    [Fact(SkipWhen = nameof(NoAnsible), Skip = "Ansible is not installed: apt-get install ansible-core.")]
    public async Task A_secret_reaches_the_file_that_it_is_for_and_no_other()
    {
        const string Password = "correct horse \"battery\" 'staple'";

        ProvisionReport report = await _rig.ApplyAsync(Role, secrets: ProvisionRig.Secrets(("password", Password)));

        Assert.True(report.Status == ProvisionStatus.Changed, report.LogTail);
        Assert.Equal(Password, File.ReadAllText($"{_rig.Machine}/password"));
        Assert.Equal([$"{_rig.Machine}/password"], _rig.FilesWith("correct horse"));
    }

    [Fact(SkipWhen = nameof(NoAnsible), Skip = "Ansible is not installed: apt-get install ansible-core.")]
    public async Task A_secret_that_a_task_prints_is_in_no_log_and_no_report()
    {
        PlannedPackage talks = _rig.Package("ansible", "talks", ("site.yml", """
            - hosts: localhost
              gather_facts: false
              tasks:
                - debug: { msg: "the password is {{ password }}" }
                - fail: { msg: "cannot log in with {{ password }}" }
            """));

        ProvisionReport report = await _rig.ApplyAsync(talks, secrets: ProvisionRig.Secrets(("password", "correct horse")));

        Assert.Equal(ProvisionStatus.Failed, report.Status);
        Assert.Contains("cannot log in with ********", report.Error!.Message, StringComparison.Ordinal);
        Assert.Contains("********", File.ReadAllText(report.LogPath!), StringComparison.Ordinal);
        Assert.Empty(_rig.FilesWith("correct horse"));
        Assert.DoesNotContain("correct horse", System.Text.Json.JsonSerializer.Serialize(report), StringComparison.Ordinal);
    }

    [Fact(SkipWhen = nameof(NoAnsible), Skip = "Ansible is not installed: apt-get install ansible-core.")]
    public async Task While_the_playbook_runs_what_its_tasks_came_to_is_where_only_the_owner_can_read_it()
    {
        // The playbook itself looks for what the task before it has printed.
        PlannedPackage looks = _rig.Package("ansible", "looks", ("site.yml", """
            - hosts: localhost
              gather_facts: false
              tasks:
                - debug: { msg: "the password is {{ password }}" }
                - shell: "grep -rl 'correct horse' '{{ runs }}' --include='report*' > '{{ root }}/found'; stat -c %a \"$PANTRY_REPORT\" > '{{ root }}/mode'; dirname \"$PANTRY_REPORT\" > '{{ root }}/folder'; true"
            """));

        ProvisionReport report = await _rig.ApplyAsync(looks, parameters: new JsonObject { ["root"] = _rig.Machine, ["runs"] = Path.Combine(_rig.Runs, ProvisionRun.WorkFolder) }, secrets: ProvisionRig.Secrets(("password", "correct horse")));

        Assert.True(report.Status == ProvisionStatus.Changed, report.LogTail);
        Assert.Equal("600\n", File.ReadAllText($"{_rig.Machine}/mode"));
        string folder = File.ReadAllText($"{_rig.Machine}/folder").Trim();
        Assert.StartsWith("pantry-secrets-", Path.GetFileName(folder), StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder));
        if (folder.StartsWith("/dev/shm/", StringComparison.Ordinal))
            Assert.Equal("", File.ReadAllText($"{_rig.Machine}/found"));
    }

    [Fact(SkipWhen = nameof(NoAnsible), Skip = "Ansible is not installed: apt-get install ansible-core.")]
    public async Task What_looks_like_a_template_in_a_parameter_or_a_secret_stays_what_it_is()
    {
        PlannedPackage package = _rig.Package("ansible", "literal", ("site.yml", """
            - hosts: localhost
              gather_facts: false
              tasks:
                - copy: { dest: "{{ root }}/out", content: "{{ password }}|{{ greeting }}|{{ deep.list[0].text }}|{{ deep.list[0].keys() | first }}|{{ deep.number + 1 }}" }
            """));

        ProvisionReport report = await _rig.ApplyAsync(
            package,
            parameters: new JsonObject
            {
                ["root"] = _rig.Machine,
                ["greeting"] = "{{ lookup('pipe', 'id -un') }}",
                ["deep"] = new JsonObject { ["number"] = 1, ["list"] = new JsonArray(new JsonObject { ["{{ 7*7 }}"] = 1, ["text"] = "{% if true %}x{% endif %}" }) },
            },
            secrets: ProvisionRig.Secrets(("password", "pass{{ 6*7 }}word")));

        Assert.True(report.Status == ProvisionStatus.Changed, report.LogTail);
        Assert.Equal("pass{{ 6*7 }}word|{{ lookup('pipe', 'id -un') }}|{% if true %}x{% endif %}|{{ 7*7 }}|2", File.ReadAllText($"{_rig.Machine}/out"));
    }

    [Fact(SkipWhen = nameof(NoAnsible), Skip = "Ansible is not installed: apt-get install ansible-core.")]
    public async Task A_parameter_that_would_steer_Ansible_is_refused_and_named()
    {
        foreach (string name in (string[])["ansible_python_interpreter", "ansible_connection"])
        {
            ProvisionReport plain = await _rig.ApplyAsync(Role, parameters: new JsonObject { ["root"] = _rig.Machine, [name] = "/bin/false" });
            ProvisionReport secret = await _rig.ApplyAsync(Role, secrets: ProvisionRig.Secrets((name, "/bin/false")));

            Assert.All([plain, secret], report => Assert.Contains($"the parameter '{name}' would steer Ansible itself", report.Error!.Message, StringComparison.Ordinal));
        }

        ProvisionReport marked = await _rig.ApplyAsync(Role, parameters: new JsonObject { ["root"] = new JsonObject { ["__ansible_vault"] = "x" } });
        Assert.Contains("'__ansible_vault', which is a mark of Ansible's own", marked.Error!.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_rig.Machine));
    }

    [Fact(SkipWhen = nameof(NoAnsible), Skip = "Ansible is not installed: apt-get install ansible-core.")]
    public async Task An_entry_leads_out_of_no_package()
    {
        string elsewhere = Path.Combine(_rig.Root, "elsewhere");
        Directory.CreateDirectory(Path.Combine(elsewhere, "tasks"));
        File.WriteAllText(Path.Combine(elsewhere, "tasks", "main.yml"), $"- copy: {{ dest: \"{_rig.Machine}/owned\", content: x }}\n");

        foreach (string entry in (string[])[elsewhere, "../elsewhere", "shop/../../elsewhere", $"{{{{ lookup('pipe', 'touch {_rig.Machine}/piped') }}}}", "a.b.c.d", "..", ""])
        {
            ProvisionReport report = await _rig.ApplyAsync(Role with { Entry = entry });
            Assert.Equal(ProvisionStatus.Failed, report.Status);
            Assert.Contains("neither a playbook of it nor the name of a role", report.Error!.Message, StringComparison.Ordinal);
        }

        Assert.Empty(Directory.EnumerateFileSystemEntries(_rig.Machine));
    }

    [Fact(SkipWhen = nameof(NoAnsible), Skip = "Ansible is not installed: apt-get install ansible-core.")]
    public async Task Two_packages_that_are_one_collection_are_named()
    {
        PlannedPackage one = _rig.Package("ansible", "one", ("galaxy.yml", "namespace: acme\nname: common\nversion: 1.0.0\n"), ("site.yml", "- hosts: localhost\n"));
        PlannedPackage two = _rig.Package("ansible", "two", ("galaxy.yml", "namespace: acme\nname: common\nversion: 1.0.0\n"));

        ProvisionReport report = Assert.Single(await _rig.RunAsync(_rig.Plan(one, two with { Apply = false })));

        Assert.Equal("InvalidArgument", report.Error!.Code);
        Assert.Contains("The package two 1.2.3 brings 'acme/common', and so does another package of the run", report.Error.Message, StringComparison.Ordinal);
    }

    private PlannedPackage Role => _rig.Package(
        "ansible", "shop", ("tasks/main.yml", Tasks), ("templates/shop.service.j2", "[Service]\nExecStart=/usr/bin/shop --config {{ root }}/shop.conf\n"),
        ("handlers/main.yml", "- name: Tell\n  copy: { dest: \"{{ root }}/told\", content: told }\n"));
}
