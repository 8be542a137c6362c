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

    private PlannedPackage Role => _rig.Package(
        "ansible", "shop", ("tasks/main.yml", Tasks), ("templates/shop.service.j2", "[Service]\nExecStart=/usr/bin/shop --config {{ root }}/shop.conf\n"),
        ("handlers/main.yml", "- name: Tell\n  copy: { dest: \"{{ root }}/told\", content: told }\n"));
}
