namespace Pantry.Provisioning.Provisioners.BuiltIn;

/// <summary>
/// The callback plugin that writes what each task came to, a line of JSON each. Needs ansible-core alone, while the callback that prints JSON is part
/// of a collection; and what the playbook prints stays readable. What <c>no_log</c> hides is not in what Ansible hands to a callback.
/// </summary>
internal static class AnsibleCallbackSource
{
    public const string Text = """
        from __future__ import absolute_import, division, print_function
        __metaclass__ = type

        DOCUMENTATION = '''
        name: pantry
        type: notification
        short_description: Writes the result of each task for Pantry
        description: Writes a line of JSON for each result of a task into the file that PANTRY_REPORT names.
        '''

        import json
        import os
        import time

        from ansible.plugins.callback import CallbackBase


        class CallbackModule(CallbackBase):
            CALLBACK_VERSION = 2.0
            CALLBACK_TYPE = 'notification'
            CALLBACK_NAME = 'pantry'
            CALLBACK_NEEDS_ENABLED = True

            def __init__(self):
                super(CallbackModule, self).__init__()
                # Results may quote secrets.
                self._report = os.fdopen(os.open(os.environ['PANTRY_REPORT'], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 'w')
                self._begun = {}

            def _line(self, value):
                self._report.write(json.dumps(value) + '\n')
                self._report.flush()

            def _begin(self, task):
                self._begun[task._uuid] = time.time()

            def v2_playbook_on_task_start(self, task, is_conditional):
                self._begin(task)

            def v2_playbook_on_handler_task_start(self, task):
                self._begin(task)

            def _result(self, result, status):
                told = result._result
                message = told.get('censored') or told.get('msg') or told.get('skip_reason') or ''
                now = time.time()
                self._line({
                    'task': result._task.get_name(),
                    'action': str(result._task.action),
                    'status': status,
                    'changed': bool(told.get('changed')),
                    'message': str(message)[:4000],
                    'duration': now - self._begun.get(result._task._uuid, now),
                })

            def v2_runner_on_ok(self, result):
                self._result(result, 'ok')

            def v2_runner_on_failed(self, result, ignore_errors=False):
                self._result(result, 'ignored' if ignore_errors else 'failed')

            def v2_runner_on_unreachable(self, result):
                self._result(result, 'unreachable')

            def v2_runner_on_skipped(self, result):
                self._result(result, 'skipped')

            def v2_playbook_on_stats(self, stats):
                self._line({'stats': dict((host, stats.summarize(host)) for host in stats.processed)})
        """;
}
